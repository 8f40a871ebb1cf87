"""Stand-ins and builders that tests of several rooms share."""
