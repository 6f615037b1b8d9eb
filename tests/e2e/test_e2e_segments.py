"""A send to a segment, from the command line: begun, stopped, gone on with while the segment changes."""

from __future__ import annotations

from harbour_workspace import ISSUE


def test_a_send_to_a_segment_goes_on_whatever_becomes_of_the_segment(workspace, server):
    workspace.people(9)
    workspace.run("segments", "create", "named", "name is known")
    workspace.issue(ISSUE.replace("list: weekly\n", "list: weekly\nsegment: named\n"))
    planned = workspace.run("send-issue", "harbour", "--dry-run").stderr
    assert "list weekly, segment named" in planned
    assert "audience  6   excluded 3 (not in segment named 3)" in planned
    begun = workspace.run("send-issue", "harbour", "--yes", "--limit", 2, expect=75).stdout
    assert "mailer send-issue harbour --list weekly --segment named" in begun
    workspace.run("segments", "set", "named", "name is empty")
    again = workspace.run("send-issue", "harbour", "--yes", "--limit", 2, expect=75)
    assert "the segment named was changed since; harbour keeps the people whom it had" in again.stderr
    workspace.run("segments", "delete", "named")
    done = workspace.run("send-issue", "harbour", "--list", "weekly", "--segment", "named", "--yes")
    assert "there is no segment named now" in done.stderr
    assert "accepted 6" in done.stdout
    assert "clean" in workspace.run("verify", "harbour").stdout
    assert len(server.taken) == 6
    refused = workspace.run("send-issue", "harbour", "--yes", "--again", expect=2).stderr
    assert "there is no segment named" in refused
    why = workspace.run("why", "reader0@inbox.example").stdout
    assert "harbour: not sent, not in segment named: name is known does not hold as they are now" in why


def test_the_rest_of_a_share_gets_it_by_leaving_the_share_out(workspace, server):
    workspace.people(20)
    workspace.run("send-issue", "harbour", "--segment", "random 50%", "--yes")
    workspace.run("send-issue", "harbour", "--exclude-segment", "random 50%", "--yes")
    assert len({mail.recipients[0] for mail in server.taken}) == len(server.taken) == 20


def test_a_schedule_goes_by_the_segment_as_it_is_when_it_is_due(workspace, server):
    workspace.people(9)
    workspace.run("segments", "create", "some", "name is known")
    asked = ("schedule", "add", "harbour", "--segment", "some", "--exclude-segment", 'name = "Reader 1"')
    added = workspace.run(*asked, "--at", "2099-01-01 08:00").stdout
    assert "list weekly, segment some without segment name" in added
    (kept,) = workspace.data("schedule", "list")
    assert (kept["segment"], kept["exclude_segments"]) == ("some", ['name = "Reader 1"'])
    near = workspace.run(
        "schedule", "add", "harbour", "--segment", "soem", "--at", "2099-01-01 08:00", expect=2
    )
    assert "did you mean some?" in near.stderr


def test_people_are_listed_and_exported_by_segment(workspace):
    workspace.people(9)
    listed = workspace.run("subscribers", "list", "--segment", "name is empty").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [
        f"reader{number}@inbox.example" for number in (0, 3, 6)
    ]
    out = workspace.run("subscribers", "export", "--exclude-segment", "name is empty").stdout
    assert len(out.splitlines()) == 7
