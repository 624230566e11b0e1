"""How people use Ringfence: the command line."""
