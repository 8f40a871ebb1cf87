"""The verbs, one module each; imported only when called."""
