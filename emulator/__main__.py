"""`python -m emulator`: options from the command line, else from EMULATOR_* variables."""

import argparse
import os
import sys

from emulator.server import serve
from emulator.settings import MODES, TEXT_OPTIONS, InvalidSettings, Settings, build_settings
from emulator.store import UnusableStateFile

HELP = {
    "app_id": "app id of the account",
    "app_secret": "app secret of the account",
    "original_id": "original id, gh_…",
    "name": "name of the account, as the phone shows it",
    "intro": "what the account says of itself on its card",
    "callback_url": "where messages and events are posted",
    "token": "token of the callback",
    "aes_key": "EncodingAESKey, 43 characters",
    "mode": f"{', '.join(MODES)} (default safe)",
    "host": "address to listen on (default 127.0.0.1)",
    "port": "port to listen on (default 8100)",
    "state": "JSON file that keeps users, menu, chats and tokens",
    "oauth_domains": "hosts web login may return to, comma-separated",
}


def read_options(arguments: list[str]) -> dict[str, str]:
    """Texts by option name: the command line wins over the environment."""
    parser = argparse.ArgumentParser(prog="emulator", description="A WeChat platform in the box.")
    for name in TEXT_OPTIONS:
        flags = ["--" + name.replace("_", "-")]
        if name == "oauth_domains":
            flags.append("--oauth-domain")
        parser.add_argument(*flags, dest=name, help=f"{HELP[name]} [EMULATOR_{name.upper()}]")
    given = vars(parser.parse_args(arguments))
    variables = {name: os.environ.get(f"EMULATOR_{name.upper()}", "") for name in TEXT_OPTIONS}
    return {name: given[name] or variables[name] for name in TEXT_OPTIONS}


def main(arguments: list[str]) -> int:
    """Serve until told to stop; 1 with one sentence when it cannot begin."""
    try:
        settings = build_settings(read_options(arguments))
    except InvalidSettings as error:
        return complain(str(error))
    try:
        serve(settings, lambda: announce(settings))
    except UnusableStateFile as error:
        return complain(str(error))
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        return complain(f"cannot listen on {where}: {error.strerror or error}")
    return 0


def announce(settings: Settings) -> None:
    """Where to open it, once it can be opened."""
    sys.stdout.write(
        f"WeChat emulator at http://{settings.host}:{settings.port}/ "
        f"(app id {settings.app_id}, callback {settings.callback_url or 'not set'})\n"
    )
    sys.stdout.flush()


def complain(text: str) -> int:
    """One sentence on stderr, exit code 1."""
    sys.stderr.write(f"emulator: {text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
