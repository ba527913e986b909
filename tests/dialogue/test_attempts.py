from sca.dialogue.attempts import Job, OracleAgent, play
from sca.dialogue.setting import Setting
from sca.judging.reward import Judge
from sca.records.contract import Task
from sca.records.reading import read
from sca.sandbox.host.double import SubprocessSandbox


async def test_what_the_oracle_answers_stands_in_its_dialogue_for_a_judge_to_read():
    setting = Setting.open("calculation")
    task = read(setting.test_tasks, Task).records[0]
    async with SubprocessSandbox(setting.folder) as sandbox:
        played = await play(Job(task, 0), OracleAgent(setting), sandbox, Judge("check"), "000000")
    assert played.reward == 1
    assert played.messages[-1].content == f"ANSWER:\n{played.answer}\nEND ANSWER"


async def test_the_answer_that_was_judged_is_the_one_that_is_recorded():
    answer = "Caf\u200be\u202e"
    check = f"def evaluate(answer):\n    return answer == {answer!r}\n"
    task = Task(
        id="t", environment="calculation", family="trade_calculator", instruction="?", evaluation_function=check,
        solution=f"result = {answer!r}",
    )  # fmt: skip
    setting = Setting.open("calculation")
    async with SubprocessSandbox(setting.folder) as sandbox:
        played = await play(Job(task, 0), OracleAgent(setting), sandbox, Judge("check"), "000000")
    assert (played.reward, played.answer) == (1, answer)
