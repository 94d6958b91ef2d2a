"""The variables of the environment by which a process knows its fleet."""

FLEET_VARIABLE = "PRESERVE_FLEET"
"""The database of the fleet, as ``--fleet`` names it."""
LEASE_VARIABLE = "PRESERVE_LEASE"
"""The lease under which a scheduler has made the process."""
