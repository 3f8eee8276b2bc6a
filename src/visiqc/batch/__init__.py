"""Work on many photos: the queue whose workers score under leases, in the service or as a process of their own."""
