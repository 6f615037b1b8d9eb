"""The parts of pacing. Pure: time is an argument, in seconds of any origin."""
