"""`simulator tune`: what to paste to give the service the setting that was chosen, on the terminal and as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from simulator.cli.exit_codes import bad_input
from simulator.cli.lab.tables import wide_console
from simulator.cli.lab.tune_check import CurrentSetting
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.lab.apply.apply import apply_instructions, scenario_with
from simulator.lab.apply.instructions import ApplyInstructions, ApplyText
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import TuneResult


class TuneTexts:
    """The texts of a tuning.

    `today`: the setting that the service has now; None: the scenario's own. `folder`: where the files go; None: there
    are none. Bad input if the folder cannot be made, or if a file in it is an input.
    """

    def __init__(self, plan: TunePlan, today: CurrentSetting | None, folder: Path | None, outputs: Outputs) -> None:
        self._plan, self._folder, self._outputs = plan, folder, outputs
        self._today = {} if today is None else today.changes
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                bad_input(f"--texts = {str(folder)!r}, must be a folder that can be written to: {error.strerror}")

    def finish(self, result: TuneResult, *, quiet: bool) -> None:
        """Print what to paste, unless `quiet`, and write the files. Without a choice there is nothing to paste."""
        if result.choice is None:
            return
        source = self._plan.sources[0]
        instructions = apply_instructions(source.scenario(self._today), source.scenario(result.choice.changes))
        if not quiet:
            for each in instructions:
                _print(each)
        if self._folder is not None:
            self._write(self._folder, instructions, result)

    def _write(self, folder: Path, instructions: tuple[ApplyInstructions, ...], result: TuneResult) -> None:
        assert result.choice is not None, "there is a setting to paste"
        texts = [text for each in instructions for text in each.texts]
        try:
            texts.append(self._scenario(result))
        except ValueError as error:
            echo(f"note: no scenario file with the choice: {error}", err=True)
        for text in texts:
            stream = self._outputs.text("--texts", folder / text.file)
            assert stream is not None, "it has a name"
            stream.write(text.text)
        echo(f"{folder}: {', '.join(text.file for text in texts)}", err=True)

    def _scenario(self, result: TuneResult) -> ApplyText:
        assert result.choice is not None, "there is a setting to paste"
        text = scenario_with(self._plan.sources[0], result.choice.changes)
        stem, dot, ending = text.file.rpartition(".")
        return ApplyText(text.tool, f"{stem or text.file}-tuned{dot}{ending if stem else ''}", text.text)


def _print(instructions: ApplyInstructions) -> None:
    """Print the instructions for a service; the texts are never wrapped, so that they can be copied."""
    console = wide_console()
    is_pipe = not console.is_terminal
    console.print()
    console.print(Text(f"To apply it: {instructions.sentence}", style="bold"), soft_wrap=is_pipe)
    for line in _lines(instructions):
        console.print(line, soft_wrap=True, highlight=False)
    for note in instructions.notes:
        console.print(Text(note), soft_wrap=is_pipe)


def _lines(instructions: ApplyInstructions) -> Iterator[Text]:
    for each in instructions.texts:
        yield Text(f"\n{each.tool}", style="bold cyan")
        yield from (Text(line) for line in each.text.splitlines())
    if instructions.notes:
        yield Text()
