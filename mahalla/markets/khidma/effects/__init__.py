"""What transitions do, by the part of the job they belong to. The tables in ``flow`` say when."""
