"""What the person who starts LedgerPort on this machine can set, in the environment or in `.env`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledgerport_local.errors import LocalError

REPOSITORY = Path(__file__).resolve().parents[2]


class LaunchSettings(BaseSettings):
    """Every setting of the launcher. An empty value counts as not given."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    port: int = Field(8080, ge=1, le=65535, description="of the page")
    public_url: str | None = Field(None, description="where browsers reach the page; http://localhost:PORT")
    webhook_url: str | None = Field(None, description="where Shopify reaches this machine")

    database_url: SecretStr | None = Field(None, description="an administrator's URL; no embedded server then")
    nats_url: SecretStr | None = Field(None, description="no embedded server then")

    intuit_client_id: str | None = None
    intuit_client_secret: SecretStr | None = None
    intuit_discovery_url: str | None = None
    qbo_api_url: str | None = None

    shopify_client_id: str | None = None
    shopify_client_secret: SecretStr | None = None
    shopify_admin_url: str | None = None

    def model_post_init(self, _context: object) -> None:
        """A client id without its secret, or the other way round, is a slip: say so at once."""
        for name in ("intuit", "shopify"):
            given = getattr(self, f"{name}_client_id"), getattr(self, f"{name}_client_secret")
            if (given[0] is None) != (given[1] is None):
                upper = name.upper()
                raise LocalError(f"Give both {upper}_CLIENT_ID and {upper}_CLIENT_SECRET, or neither.")

    @property
    def real_intuit(self) -> bool:
        """Whether an Intuit app was given, so that the stand-in is not needed."""
        return self.intuit_client_id is not None

    @property
    def real_shopify(self) -> bool:
        """Whether a Shopify app was given, so that the stand-in is not needed."""
        return self.shopify_client_id is not None


def read_settings(env_file: Path = REPOSITORY / ".env") -> LaunchSettings:
    """The settings from `.env` with the environment on top of it; LocalError names a value that is wrong."""
    _load(env_file)
    try:
        return LaunchSettings()
    except ValidationError as error:
        wrong = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise LocalError(f"A setting cannot be used ({wrong}). See .env.example.") from error


def _load(env_file: Path) -> None:
    """Put the lines of `.env` below the environment; what is there already wins."""
    lines: Mapping[str, str | None] = dotenv_values(env_file) if env_file.exists() else {}
    for name, value in lines.items():
        if value:
            os.environ.setdefault(name, value)
