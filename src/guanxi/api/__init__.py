"""The HTTP doors: the gate's listener takes events in, the desk serves everything else."""
