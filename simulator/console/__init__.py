"""What people look at: the live view of a run and its report as text. Reads data; decides and measures nothing."""
