"""What a member may change: rules and writes, without HTTP."""
