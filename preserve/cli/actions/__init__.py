"""What commands do: one file a command, imported when it is run, so that help and mistakes cost little."""
