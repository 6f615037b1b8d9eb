"""Work that is brought to whichever machine is free: what it is, and Procrastinate behind a narrow port."""
