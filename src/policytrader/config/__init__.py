"""Settings of a deployment: ``config/NAME.yaml``, secrets from the environment, and what no log may show."""

from policytrader.config.profile import (
    COUNTRIES,
    DEFAULT_PROFILE,
    EXAMPLE_ACCOUNT,
    MODES,
    Addresses,
    Profile,
    RealAccount,
    load_profile,
)

__all__ = [
    "COUNTRIES",
    "DEFAULT_PROFILE",
    "EXAMPLE_ACCOUNT",
    "MODES",
    "Addresses",
    "Profile",
    "RealAccount",
    "load_profile",
]
