"""The demo as a newcomer runs it: real processes, two chains, signed webhooks, a table."""

import re
import subprocess
import sys
from pathlib import Path

ROW = re.compile(
    r"^ *(?P<tenant>acme|globex) +(?P<family>EVM|Stellar) +(?P<matches>\d+) +(?P<alerts>\d+) +"
    r"(?P<retractions>\d+) +(?P<p50>\d+\.\d\d) s",
    re.MULTILINE,
)


def processes_of(directory: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if bytes(directory) in command:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_the_demo_delivers_to_each_tenant_from_each_family(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", "demo", "--once", f"--data-dir={data_dir}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [row.groupdict() for row in ROW.finditer(done.stdout)]
    assert {(row["tenant"], row["family"]) for row in rows} == {
        (tenant, family) for tenant in ("acme", "globex") for family in ("EVM", "Stellar")
    }
    assert len(rows) == 4
    for row in rows:
        assert int(row["matches"]) >= int(row["alerts"]) >= 3
        assert 0 < float(row["p50"]) < 10
    assert "  reorganisation  demo_evm  " in done.stdout
    assert " 0 refused" in done.stdout
    assert processes_of(data_dir) == []
    assert "tsn_" not in (data_dir / "tocsin.log").read_text() + done.stdout
