"""What each controller asks and what it is answered: request to reply, pure."""
