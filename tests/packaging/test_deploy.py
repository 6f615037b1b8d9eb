"""What is in `deploy/` is in order by the program that is to read it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import trustme
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(each for each in DEPLOY.iterdir() if each.suffix in (".service", ".socket", ".timer"))

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_has_nothing_to_say_of_a_unit(unit, tmp_path):
    assert verified(unit.name, unit.read_text(), tmp_path) == ""


def test_systemd_would_say_something(tmp_path):
    unit = (DEPLOY / "mailer-work.service").read_text()
    assert "alwys" in verified(
        "mailer-work.service", unit.replace("Restart=always", "Restart=alwys"), tmp_path
    )


def verified(name: str, unit: str, root: Path) -> str:
    """Return what systemd finds wrong with a unit on a machine that has what it runs, and the others."""
    analyze = program("systemd-analyze", "systemd")
    units = {each.name: each.read_text() for each in UNITS} | {name: unit}
    for path in re.findall(r"^Exec\w+=/(\S+)", "\n".join(units.values()), re.MULTILINE):
        write(root / path, "#!/bin/sh\n", 0o755)
    for each, text in units.items():
        write(root / "etc/systemd/system" / each, text)
    command = [analyze, "verify", f"--root={root}", "--man=no", "--recursive-errors=no", name]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_a_service_that_is_asked_from_outside_may_do_little(tmp_path):
    unit = DEPLOY / "mailer-serve.service"
    command = [
        program("systemd-analyze", "systemd"),
        "security",
        "--offline=true",
        "--threshold=20",
        str(unit),
    ]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-2000:] + judged.stderr  # 2.0 of 10 at most


def test_nginx_takes_its_configuration(tmp_path):
    assert "syntax is ok" in by_nginx((DEPLOY / "nginx.conf").read_text(), tmp_path)


def test_nginx_would_say_something(tmp_path):
    wrong = (DEPLOY / "nginx.conf").read_text().replace("proxy_pass ", "proxy_past ")
    assert "proxy_past" in by_nginx(wrong, tmp_path)


def by_nginx(config: str, root: Path) -> str:
    """Return what nginx says of a configuration where the certificate is there that it names."""
    nginx = program("nginx", "nginx-light")
    trustme.CA().issue_cert("news.your-domain.example").private_key_and_cert_chain_pem.write_to_path(
        root / "news.pem"
    )
    config = re.sub(r"/etc/ssl/news\.(pem|key)", str(root / "news.pem"), config)
    config = re.sub(r"listen (\[::\]:)?(80|443)", r"listen \g<1>10\2", config)  # what needs no privileges
    config = config.replace("/var/log/nginx", str(root))
    whole = f"pid {root}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{config}\n}}\n"
    write(root / "nginx.conf", whole)
    command = [nginx, "-t", "-p", str(root), "-e", "stderr", "-c", str(root / "nginx.conf")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize(("word", "code"), [("reverse_proxy", 0), ("revers_proxy", 1)])
def test_caddy_takes_its_configuration_and_no_other(tmp_path, word, code):
    write(tmp_path / "Caddyfile", (DEPLOY / "Caddyfile").read_text().replace("reverse_proxy", word))
    command = [program("caddy", "caddy"), "adapt", "--config", str(tmp_path / "Caddyfile"), "--validate"]
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    judged = subprocess.run(command, capture_output=True, text=True, check=False, env=home)
    assert judged.returncode == code, judged.stderr


def test_the_cluster_takes_its_manifest_by_the_schemas_of_its_own_version():
    resources = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    for each in resources:
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
    assert {"Deployment", "CronJob"} <= {each["kind"] for each in resources}
    wrong = next(each for each in resources if each["kind"] == "CronJob")
    wrong["spec"]["schedul"] = wrong["spec"].pop("schedule")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize(("word", "code"), [("stop_grace_period", 0), ("stop_grace_perod", 1)])
def test_compose_takes_its_file_and_no_other(tmp_path, word, code):
    text = (DEPLOY / "compose.yaml").read_text().replace("stop_grace_period", word)
    write(tmp_path / "compose.yaml", text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    judged = subprocess.run(
        [*command, str(tmp_path / "compose.yaml")], capture_output=True, text=True, check=False
    )
    assert judged.returncode == code, judged.stdout + judged.stderr


def test_containers_may_do_little_and_are_asked_how_they_are():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ours = [each for each in services.values() if each["image"] == "mailer"]
    assert len(ours) == 2
    assert all(each["read_only"] and each["cap_drop"] == ["ALL"] for each in ours)
    resources = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    deployments = [each["spec"]["template"]["spec"] for each in resources if each["kind"] == "Deployment"]
    for pod in deployments:
        assert pod["securityContext"]["runAsNonRoot"]
        (container,) = pod["containers"]
        ports = {each["name"] for each in container["ports"]}
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {container[f"{probe}Probe"]["httpGet"]["port"] for probe in ("liveness", "readiness")} <= ports


def test_what_the_image_is_made_of_is_there_and_its_programs_are_mailer_s():
    lines = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    for _, what in (step for step in steps if step[0] == "COPY" and "--from" not in step[1]):
        assert all((DEPLOY.parent / source).exists() for source in what.split()[:-1]), what
    said = dict(steps)
    assert said["USER"] == "10001"
    assert json.loads(said["ENTRYPOINT"]) == ["mailer"]
    assert json.loads(said["CMD"]) == ["run"]
    # All that the wheel is made of is copied.
    with (DEPLOY.parent / "pyproject.toml").open("rb") as file:
        included = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    copied = " ".join(what for step, what in steps if step == "COPY").split()
    assert set(included) <= set(copied)


def program(name: str, package: str) -> str:
    """Return where a program is, or skip."""
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not here; on Debian: apt-get install {package}")
    return found


def write(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file, and the folders that it lies in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
