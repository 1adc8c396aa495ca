"""The command line.  Each command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..scorers.judge.errors import MachineError
from ..tasks.errors import RunError, UsageError
from .cli_agent import agent_options
from .cli_compare import ablate, compare, prices_option
from .cli_gate import gate, plan
from .cli_grid import grid_options
from .cli_hardware import hardware as hardware_
from .cli_judge import judge_option
from .cli_kernel import kernel
from .cli_leaderboard import leaderboard
from .cli_ops import ops, ops_option
from .cli_pack import pack, unpack
from .cli_prompts import prompts
from .cli_runs import runs
from .places import WritablePath

EXIT_FAILED = 1
EXIT_USAGE = 2


class _Group(click.Group):
    """A group that turns expected errors into one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (UsageError, MachineError) as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(EXIT_USAGE)
        except RunError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="skilldyno")
def main() -> None:
    """Does a Skill make models write better compute kernels?

    Exit codes: 0 done, 1 a verdict other than correct, a run that is not complete or an error that
    lint found, 2 bad input or a machine that lacks something, 130 interrupted.
    """


@main.command()
@click.option("--fresh", is_flag=True, help="Set an earlier run aside and start over.")
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where logs, evidence and the report go.  [default: results/runs/demo]",
)
@click.option("--kernel-repos", is_flag=True, help="Whole kernel repositories, step by step.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
def demo(fresh: bool, log_dir: Path | None, kernel_repos: bool, as_json: bool) -> None:
    """Judge recorded completions with and without a Skill, live on this CPU.

    Needs g++, no GPU and no API key.  Interrupted or killed, the same command resumes it.
    """
    from .demo import run_demo

    folder = log_dir or Path("results/runs", "demo-kernel-repos" if kernel_repos else "demo")
    run_demo(folder, fresh=fresh, as_json=as_json, kernel_repos=kernel_repos)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@ops_option
@click.option("--op", "op", help="The operation that the kernel computes.")
@click.option(
    "--problem",
    type=click.Path(path_type=Path),
    help="Instead, the KernelBench problem that FILE's ModelNew solves; it is executed.",
)
@click.option("--language", help="By default told by FILE: its ending, or a folder.")
@click.option("--hardware", default="auto", show_default=True, help="A profile's name.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole evidence as JSON.")
@click.option("--unsafe", is_flag=True, help="Judge without a sandbox where none works.")
@click.option("--compile-for", metavar="ARCHS", help="Build a CUDA file for sm_80,sm_90a,… too.")
def judge(
    file: Path,
    op: str | None,
    problem: Path | None,
    language: str | None,
    compile_for: str | None,
    **options: Any,
) -> None:
    """Judge one kernel file or kernel repository: build it, check it, time it, and say why.

    Exits 0 if the verdict is correct, 1 for any other.  With --compile-for on a machine without
    the GPU it is built only, and the exit code is 0 if it builds for every arch.
    """
    asked = op if problem is None else problem
    if asked is None or (op and problem) or (problem and (language or compile_for)):
        raise click.UsageError(
            "Give one of --op and --problem; with the latter neither --language nor --compile-for."
        )
    if compile_for is not None and op is not None:
        from .compile_for import compile_for_archs

        sys.exit(
            0 if compile_for_archs(file, op, language, compile_for, **options) else EXIT_FAILED
        )
    from .judge_file import judge_file

    verdict = judge_file(file, asked, language, **options)
    sys.exit(0 if verdict == "correct" else EXIT_FAILED)


@main.command("eval")
@click.argument("skills", nargs=-1, required=True, metavar="SKILL...")
@click.option("-m", "--model", "models", multiple=True, help="A model, by Inspect; repeatable.")
@grid_options
@click.option("--hardware", default="auto", show_default=True, help="A profile's name.")
@click.option(
    "--delivery",
    type=click.Choice(["inline", "tool"]),
    help="In a system message, the default, or by a tool that opens it, an agent's default.",
)
@click.option("--recording", help="Replay recorded completions instead of calling a model.")
@judge_option
@agent_options
@click.option(
    "-M", "arguments", multiple=True, metavar="NAME=VALUE", help="For the provider, as base_url=…"
)
@click.option(
    "-G", "settings", multiple=True, metavar="NAME=VALUE", help="Of generation, as temperature=0.2."
)
@click.option("--cost-limit", type=click.FloatRange(min=0), help="Dollars that the run may spend.")
@prices_option
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/runs/eval"),
    show_default=True,
    help="Where logs, evidence and the report go.",
)
@click.option("--compile-for", metavar="ARCHS", help="Build CUDA for sm_80,sm_90a,… too.")
@click.option(
    "--kernelbench",
    metavar="SOURCE",
    help="KernelBench problems instead of a suite: file, folder or dataset; they are executed.",
)
@click.option("--level", type=int, default=1, show_default=True, help="Their level.")
@click.option("--problems", metavar="NUMBERS", help="Only some of them, such as 1,19,23-25.")
@click.option("--dry-run", is_flag=True, help="Print the plan, and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--unsafe", is_flag=True, help="Judge without a sandbox where none works.")
def eval_(log_dir: Path, dry_run: bool, as_json: bool, **request: Any) -> None:
    """Run each SKILL beside the variant none, and compare.

    SKILL is a folder, a zip, a folder at a git revision (PATH@REV), git+URL@REV#FOLDER, or
    hf://OWNER/NAME@REV#FOLDER.  The plan is printed first: samples, tokens, cost and what the run
    could detect.  The same command goes on where an interrupted one stopped; after an edit of a
    Skill it runs the edited arm alone.
    """
    from .eval_skills import EvalRequest, eval_command

    if not request["models"] and not dry_run:
        raise click.UsageError("Missing option '-m' / '--model'.")
    delivery = request.pop("delivery") or ("tool" if request["mode"] == "agent" else "inline")
    eval_command(
        EvalRequest(**request, delivery=delivery), log_dir, dry_run=dry_run, as_json=as_json
    )


@main.command("skills")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--logs",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/runs"),
    show_default=True,
    help="Where to look for measured effects.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def skills_(folders: tuple[Path, ...], logs: Path, as_json: bool) -> None:
    """List the Skills in FOLDERS, by default those at hand, with their last measured effect."""
    from .list_skills import list_skills_command

    list_skills_command(list(folders), logs, as_json=as_json)


@main.command()
@click.argument("skills", nargs=-1, required=True, metavar="SKILL...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github"]),
    default="text",
    show_default=True,
    help="Lines for a terminal, or annotations for GitHub Actions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def lint(skills: tuple[str, ...], form: str, as_json: bool) -> None:
    """Check each SKILL without a model and without a GPU.

    Exits 1 if there is an error among the findings; the rules are in docs/lint.md.
    """
    from .lint import lint_command

    errors = lint_command(list(skills), "json" if as_json else form)
    sys.exit(EXIT_FAILED if errors else 0)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("-m", "--model", "models", multiple=True, required=True, help="A model; repeatable.")
@click.option("--skill", help="The Skill; by default FILE, where that is the folder of one.")
@click.option("--epochs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--grader", help="A model to grade assertions that are words.")
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/runs/cases"),
    show_default=True,
    help="Where the logs go.",
)
@click.option(
    "--export",
    type=WritablePath(file_okay=False),
    help="A folder to write the results to in upskill's layout of runs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def cases(file: Path, models: tuple[str, ...], log_dir: Path, **options: Any) -> None:
    """Run the cases in FILE with and without a Skill: substrings, as upskill checks them.

    FILE is a list of upskill's cases, a skill_meta.json, an evals.json, or the folder of a Skill
    that holds one of these.
    """
    from .run_cases import cases_command

    cases_command(str(file), models=models, log_dir=log_dir, **options)


@main.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@ops_option
@judge_option
@click.option("--unsafe", is_flag=True, help="Judge without a sandbox where none works.")
def score(logs: tuple[Path, ...], judge: str, unsafe: bool) -> None:
    """Judge the completions in LOGS (folders or .eval files), and score them."""
    from .score import score_logs

    score_logs(list(logs), judge=judge, unsafe=unsafe)


@main.command()
@click.option("--language", help="Only files in this language: cpp, cuda or triton.")
@click.option("--name", "pattern", help="Only files whose name matches, such as 'cached_*'.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def exploits(language: str | None, pattern: str | None, as_json: bool) -> None:
    """Does the judge hold on this machine?  Judge known exploits, and honest kernels like them.

    Exits 0 if every exploit that can run here is caught for a right reason and no honest kernel is
    suspected, 1 otherwise.
    """
    from .exploits import exploits_command

    sys.exit(0 if exploits_command(language, pattern, as_json=as_json) else EXIT_FAILED)


main.add_command(compare)
main.add_command(ablate)
main.add_command(gate)
main.add_command(leaderboard)
main.add_command(plan)
main.add_command(ops)
main.add_command(pack)
main.add_command(unpack)
main.add_command(prompts)
main.add_command(hardware_)
main.add_command(kernel)
main.add_command(runs)
