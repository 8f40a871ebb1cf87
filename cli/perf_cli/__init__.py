"""The command: parse, wire, print, exit. No logic of its own."""
