"""WeChat in a process of its own, with many followers and a bad temper: PORT PEOPLE OUT.

On SIGTERM it writes what each follower really got, which is the truth the hall is held against.
"""

import json
import logging
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

from emulator.faults import Fault
from emulator.server import open_server
from emulator.settings import Settings
from emulator.state import FOREVER, User

SEND = "/cgi-bin/message/subscribe/bizsend"
TEMPLATE = "weiting-festival-000000000000000000000000005"
# What the platform does to so many of a thousand calls. `act` loses only the answer.
TEMPER = (
    (10, Fault(SEND, "errcode", -1)),
    (20, Fault(SEND, "errcode", 43004)),
    (5, Fault(SEND, "errcode", 40001)),
    (3, Fault(SEND, "hang_after_acting", seconds=8.0)),
    (5, Fault(SEND, "garbage", act=True)),
    (3, Fault(SEND, "html_502", act=True)),
    (3, Fault(SEND, "reset", act=True)),
)


def openid(number: int) -> str:
    """The openid of the follower with that number."""
    return f"oChaos-{number:021d}"


def main(port: int, people: int, out: Path) -> None:
    """Serve until SIGTERM, then write {openid: messages got} and how many answers were lost."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    secret = "0123456789abcdef" * 2
    settings = Settings(app_secret=secret, app_id="wx5823bf96d3bd56c7", port=port, mode="plain")
    server, platform = open_server(settings)
    for number in range(people):
        user = User(openid(number), f"粉丝{number}", subscribed=True)
        user.credits[TEMPLATE] = FOREVER
        platform.state.users[user.openid] = user
    platform.state.limits[SEND] = 10**9
    for share, fault in TEMPER:
        fault.probability, fault.times = share / 1000, 10**9
        platform.faults.add(fault)
    # Twice in a run the account itself is refused: somebody has to let the push go on.
    platform.faults.add(Fault(SEND, "errcode", 45009, times=2, probability=0.002))

    def stop(*_args: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever(poll_interval=0.1)
    got = Counter(
        {
            whose: sum(item.kind == "notice" for item in chat)
            for whose, chat in platform.state.chats.items()
        }
    )
    out.write_text(json.dumps(got))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
