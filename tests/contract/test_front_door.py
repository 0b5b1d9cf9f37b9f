"""What the archive asks of the container: the list, the descriptions, the help, and clean behaviour."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from plugin import descriptions
from tests.stopwatch import seconds_to_end

NAMES = descriptions.names()
HEAVY = ("torch", "timm", "lightning", "large_image", "girder_client", "patherea_core.workflow")


def front_door(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plugin", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=280,
    )


def test_the_list_is_one_json_object_that_names_every_command(tmp_path: Path) -> None:
    answer = front_door("--list_cli", cwd=tmp_path)
    assert answer.returncode == 0
    assert list(json.loads(answer.stdout)) == [
        "ExportDataset",
        "TrainDetector",
        "DetectCells",
        "EvaluateDetections",
        "HarvestReview",
        "SuggestRegions",
        "Ki67Index",
        "PretrainBackbone",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_description_is_the_whole_output(name: str) -> None:
    answer = front_door(name, "--xml")
    assert answer.returncode == 0
    assert ElementTree.fromstring(answer.stdout).tag == "executable"  # noqa: S314  our own file


@pytest.mark.parametrize("name", NAMES)
def test_help_names_every_parameter(name: str) -> None:
    answer = front_door(name, "--help")
    assert answer.returncode == 0
    root = ElementTree.fromstring(descriptions.xml_text(name))  # noqa: S314  our own file
    for flag in root.iter("longflag"):
        assert f"--{flag.text}" in answer.stdout


@pytest.mark.parametrize(
    "words", [["--list_cli"], ["DetectCells", "--xml"], ["DetectCells", "--help"]]
)
def test_questions_are_answered_without_loading_anything_heavy(words: list[str]) -> None:
    code = (
        "import sys; from plugin.__main__ import main; code = main(sys.argv[2:]);"
        "heavy = [name for name in sys.argv[1].split(',') if name in sys.modules];"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, ",".join(HEAVY), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--nonsense"],
        ["NoSuchCommand", "--xml"],
        ["DetectCells"],
        ["DetectCells", "--nonsense"],
    ],
)
def test_wrong_usage_exits_2_with_one_sentence_and_a_clean_standard_output(
    words: list[str],
) -> None:
    answer = front_door(*words)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "Traceback" not in answer.stderr


def test_the_token_is_on_no_line_of_the_log() -> None:
    secret = "T0pSecretToken"
    answer = front_door(
        "EvaluateDetections",
        "5f0000000000000000000000",
        "--girderApiUrl",
        "http://127.0.0.1:9/api/v1",
        "--girderToken",
        secret,
        "--nonsense",
        secret,
    )
    assert answer.returncode == 2
    assert secret not in answer.stdout + answer.stderr
    assert "[hidden]" in answer.stderr


def test_the_command_itself_is_the_process_that_hears_the_request_to_stop(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text(
        "import sys, time\n"
        "from plugin import arguments\n"
        "def action(progress):\n"
        "    for step in range(600):\n"
        "        progress.advance(step / 600)\n"
        "        time.sleep(0.1)\n"
        "arguments.read_action = lambda name, words: action\n"
        "from plugin.__main__ import main\n"
        "sys.exit(main(['DetectCells', 'slide.tif']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.stdout is not None
    while "<filter-progress>" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGTERM)
    assert seconds_to_end(process) < 3
    output, log = process.communicate()
    assert process.returncode == 1
    assert "stopped on request" in log
    assert output.rstrip().endswith("</filter-end>")
