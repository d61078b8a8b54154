"""Work and life begin again: firms that declare and are helped, workers who travel point to point, people who are stranded."""
