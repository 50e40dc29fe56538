"""`flask up`: everything of one host, with the demo hall; what `make run` calls."""

import os
import shlex
import socket
import sys
import threading
from pathlib import Path

import click
from honcho import manager as honcho_manager
from honcho.environ import parse_procfile
from honcho.manager import Manager

from handlers.commands import demo_people
from handlers.commands.content import import_content
from handlers.commands.context import CommandContext
from handlers.commands.menus import ensure_published
from handlers.commands.processes import METRICS, fresh_metrics, gunicorn_command
from handlers.commands.schema import upgrade

# honcho kills after 5 seconds; a call that is under way may take longer to settle.
_GRACE_SECONDS = 25
_PROCFILE = Path(__file__).parents[2] / "Procfile"


@click.command("up")
@click.pass_obj
def up(context: CommandContext) -> None:
    """Prepare the database, start every process of this host, and wait for Ctrl-C."""
    _check_folder(context.var)
    _check_ports(context)
    upgrade(context.database.engine)
    import_content(context)
    demo_people.add_operators(context)
    honcho_manager.KILL_WAIT = _GRACE_SECONDS
    manager = Manager()
    environment = _environment(context)
    for name, command in _processes(context).items():
        manager.add_process(name, command, env=environment, quiet=name == "valkey")
    threading.Thread(target=_welcome, args=(context, manager), daemon=True).start()
    manager.loop()
    sys.exit(0 if manager.returncode in {0, 130, None} else manager.returncode)


def _check_folder(var: Path) -> None:
    try:
        var.mkdir(parents=True, exist_ok=True)
        probe = var / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise click.ClickException(
            f"目录 {var} 不可写（{error.strerror}），请更换目录或检查权限"
        ) from None


def _check_ports(context: CommandContext) -> None:
    serving = context.serving
    wanted = {"web.port": serving.port}
    if serving.emulator is not None:
        wanted["emulator.port"] = serving.emulator_port
    for setting, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((serving.host, port))
            except OSError as error:
                raise click.ClickException(
                    f"端口 {port} 无法使用（{error.strerror}），"
                    f"请关闭占用它的程序，或修改 config.yaml 的 {setting}"
                ) from None


def _processes(context: CommandContext) -> dict[str, str]:
    commands: dict[str, str] = dict(parse_procfile(_PROCFILE.read_text()).processes)
    # What `flask serve` would become, without importing everything first to become it.
    commands["web"] = shlex.join(gunicorn_command(context.serving))
    commands["valkey"] = shlex.join(["python", "-m", "kernel.valkey", str(context.var)])
    if not context.serving.redis_embedded:
        del commands["valkey"]
    if context.serving.emulator is None:
        del commands["emulator"]
    return commands


def _environment(context: CommandContext) -> dict[str, str]:
    folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **(context.serving.emulator or {}),
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        METRICS: fresh_metrics(context.var),
    }


def _welcome(context: CommandContext, manager: Manager) -> None:
    """Once everything answers: publish the menu, bring the demo people, print the addresses."""
    try:
        demo_people.wait_until_ready(context)
        if context.serving.emulator is not None:
            ensure_published(context)
            demo_people.bring(context)
    except Exception as error:  # whatever it is, the newcomer must read it, not a hanging screen
        click.echo(f"启动失败：{error}", err=True)
        manager.terminate()
        return
    click.echo(demo_people.welcome(context))


COMMANDS = (up,)
