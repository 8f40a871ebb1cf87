"""Other tools' results into run documents."""
