"""Tasks and the data that they were written for."""

from sca.cli.places import settings_of
from sca.dialogue.setting import Setting
from sca.records.contract import Task


def of_user(start):
    return Task(id="retail-1-000001", environment="retail", instruction="Cancel it.", start=start)


def test_tasks_of_users_whom_the_data_lacks_are_named(capsys):
    settings_of([of_user("nobody_here_1"), of_user("rosalind_okafor_7211")], "tasks.py", "retail", None)
    told = capsys.readouterr().err
    assert "tasks.py: 1 of 2 tasks are of users whom the data of retail does not hold, such as nobody_here_1" in told


def test_nothing_is_said_of_users_whom_the_data_holds(capsys):
    start = Setting.open("retail").start(0).label
    settings_of([of_user("rosalind_okafor_7211"), of_user(start), of_user(None)], "tasks.py", "retail", None)
    assert capsys.readouterr().err == ""
