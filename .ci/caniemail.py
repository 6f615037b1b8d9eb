"""Take what caniemail.com knows of mail programs from the npm package `caniemail`, and keep what we look at.

Run by `make caniemail`. Writes mailer/check/caniemail.json and the licence beside it; read the diff.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1] / "mailer" / "check"
PACKAGE = "caniemail"

# caniemail's family and platform: what we call it. Those that many people read mail in.
CLIENTS = {
    "gmail.desktop-webmail": "Gmail (web)",
    "gmail.mobile-webmail": "Gmail (web on phones)",
    "gmail.ios": "Gmail (iOS)",
    "gmail.android": "Gmail (Android)",
    "outlook.windows": "Outlook (Windows)",
    "outlook.outlook-com": "Outlook (web)",
    "outlook.macos": "Outlook (macOS)",
    "outlook.ios": "Outlook (iOS)",
    "outlook.android": "Outlook (Android)",
    "apple-mail.macos": "Apple Mail (macOS)",
    "apple-mail.ios": "Apple Mail (iOS)",
    "yahoo.desktop-webmail": "Yahoo (web)",
    "yahoo.ios": "Yahoo (iOS)",
    "yahoo.android": "Yahoo (Android)",
    "samsung-email.android": "Samsung Email",
    "thunderbird.macos": "Thunderbird",
    "gmx.desktop-webmail": "GMX (web)",
    "gmx.ios": "GMX (iOS)",
    "gmx.android": "GMX (Android)",
}


def main() -> None:
    """Fetch, trim, write."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()
        with tarfile.open(Path(folder) / packed) as archive:
            archive.extractall(folder, filter="data")
        package = Path(folder) / "package"
        data = json.loads((package / "data" / "caniemail.json").read_text(encoding="utf-8"))
        version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        licence = (package / "LICENSE").read_text(encoding="utf-8")
    kept = trimmed(data, version)
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    (HERE / "caniemail.json").write_text(text, encoding="utf-8")
    notice = f"caniemail.json: from the npm package caniemail {version}, data of caniemail.com\n\n{licence}"
    (HERE / "caniemail.LICENSE").write_text(notice, encoding="utf-8")
    print(f"caniemail {version} of {kept['date']}: {len(kept['features'])} features that some client lacks")


def trimmed(data: dict[str, Any], version: str) -> dict[str, Any]:
    """Return for each feature the clients whose newest tested version lacks it."""
    features = {}
    for feature in data["data"]:
        lacking = [client for client in CLIENTS if _lacks(feature["stats"], client)]
        if lacking and feature["category"] != "others":
            features[feature["slug"]] = {"title": feature["title"].strip(), "lacking": lacking}
    return {
        "source": f"caniemail {version}, https://www.caniemail.com",
        "date": data["last_update_date"][:10],
        "clients": CLIENTS,
        "features": dict(sorted(features.items())),
    }


def _lacks(stats: dict[str, Any], client: str) -> bool:
    family, platform = client.split(".")
    # In the order of the tests: names of versions don't sort (Outlook 2019 came before 16.80).
    results = list(stats.get(family, {}).get(platform, {}).values())
    return bool(results) and results[-1].split()[0] == "n"


if __name__ == "__main__":
    main()
