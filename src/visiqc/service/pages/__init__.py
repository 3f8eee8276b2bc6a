"""What people see in a browser: pages rendered here, without scripts, that load nothing from elsewhere."""
