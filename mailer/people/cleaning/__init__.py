"""Looking through lists for addresses that are worth a look, and doing about them what somebody says."""
