"""Pure statistics and judgement on plain numbers: no files, clock, network or logging."""
