"""Kernel repositories of every operation and language, and what is refused."""

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from synthetic_logs import Outcome, evidence

from skilldyno.results.kernel_repository import (
    ExportError,
    JudgedKernel,
    KernelRepository,
    kernel_repository,
    write_repository,
)
from skilldyno.results.kernel_repository.hub import uploads
from skilldyno.results.kernel_repository.signature import signature_of
from skilldyno.results.kernel_repository.variants import Target, parse_variant
from skilldyno.tasks.build_toml import read_build_toml
from skilldyno.tasks.catalogue import load_operation, operation_names
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.hub_kernels import hub_kernels
from skilldyno.tasks.language import KIND_OF_LANGUAGE, Language, SourceLanguage

SOURCE = "# nothing\n"
LANGUAGES: tuple[SourceLanguage, ...] = ("cpp", "cuda", "triton")


def judged(op: str, language: Language, source: str = SOURCE, **said: Any) -> JudgedKernel:
    hardware = "cpu-x86_64" if KIND_OF_LANGUAGE[language] == "cpu" else "h200"
    operation = load_operation(op)
    found = evidence(Outcome(source=source)) | {
        "operation": op,
        "operation_digest": operation.digest,
        "hardware": hardware,
        "language": language,
    }
    return JudgedKernel(EvalTask(operation, load_profile(hardware), language), source, found | said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("op", operation_names())
def test_every_operation_is_exported_in_every_language(op: str, language: Language):
    made = kernel_repository(judged(op, language))
    manifest = read_build_toml(made.files["build.toml"])
    named = manifest.torch.src if manifest.torch else []
    for each in manifest.kernel.values():
        named = named + each.src
    assert set(named) <= set(made.files)
    sources = [path for path, text in made.files.items() if text == SOURCE]
    assert sources
    package = f"torch-ext/{made.name.replace('-', '_')}"
    function = next(
        node
        for node in ast.parse(made.files[f"{package}/__init__.py"]).body
        if isinstance(node, ast.FunctionDef) and node.name == op
    )
    operation = load_operation(op)
    assert [each.arg for each in function.args.args] == [
        *(each.name for each in operation.outputs),
        *(each.name for each in operation.inputs),
        *(each.name for each in operation.scalars),
    ]
    for path, text in made.files.items():
        if path.endswith(".py"):
            ast.parse(text)
        assert "{{" not in text


@pytest.mark.parametrize("op", operation_names())
def test_the_shapes_tell_the_dims(op: str):
    operation = load_operation(op)
    for language in LANGUAGES:
        signature = signature_of(operation, language)
        for workload in operation.workloads_on(KIND_OF_LANGUAGE[language]):
            shapes = {each.name: each.shape_for(workload.dims) for each in operation.tensors}
            told: dict[str, int] = {}
            for dim in signature.dims:
                size = str(shapes[dim.tensor][dim.axis])
                told[dim.name] = eval(dim.given(size), {}, told)
            assert told == {name: workload.dims[name] for name in told}
            for left, right in signature.exact:
                assert eval(left, {}, told) % eval(right, {}, told) == 0
        untold = {each.name for each in signature.untold}
        if language != "triton":
            assert untold | {each.name for each in signature.dims} == set(operation.dims)


def test_the_real_parser_takes_every_build_toml(tmp_path: Path):
    parser = pytest.importorskip("kernels._rust")
    for language in LANGUAGES:
        made = kernel_repository(judged("rms_norm", language), repo_id="me/mine")
        write_repository(made, tmp_path / language)
        parser.Build.open(tmp_path / language)


def test_capabilities_are_those_that_it_was_built_for():
    builds = {"sm_80": {"ok": True}, "sm_75": {"ok": False}, "sm_100a": {"ok": True}}
    cuda = kernel_repository(judged("rms_norm", "cuda", builds=builds))
    assert cuda.capabilities == ("8.0", "9.0a", "10.0a")
    assert 'cuda-capabilities = ["8.0", "9.0a", "10.0a"]' in cuda.files["build.toml"]
    assert "| `sm_75` | no |" in cuda.files["README.md"]
    triton = kernel_repository(judged("rms_norm", "triton"))
    assert triton.capabilities == ("9.0",)
    assert kernel_repository(judged("rms_norm", "cpp")).capabilities == ()


@pytest.mark.parametrize(
    ("source", "march"),
    [
        ("float f();", "x86-64-v3"),
        ("__m512 a = _mm512_setzero_ps();", "x86-64-v4"),
        ("#ifdef __AVX512F__\n__m512 a;\n#endif", "x86-64-v3"),
        ('__attribute__((target("avx512f"))) __m512 f();', "x86-64-v3"),
    ],
)
def test_the_build_asks_for_no_more_of_the_processor_than_the_source(source: str, march: str):
    made = kernel_repository(judged("rms_norm", "cpp", source))
    assert f'"-march={march}"' in made.files["build.toml"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"verdict": "flagged", "reason": "reads the clock"}, "flagged (reads the clock)"),
        ({"candidate": "ab" * 32}, "of another source"),
        ({"operation_digest": "ab" * 32}, "another definition of rms_norm"),
        ({"operation": "softmax"}, "of softmax/cpu-x86_64/cpp, not of rms_norm/cpu-x86_64/cpp"),
    ],
)
def test_what_the_evidence_does_not_speak_for_is_refused(said: dict[str, str], words: str):
    with pytest.raises(ExportError) as caught:
        judged("rms_norm", "cpp", **said)
    assert words in str(caught.value)


def test_triton_comes_with_its_build():
    made = kernel_repository(judged("rms_norm", "triton"))
    assert made.files["build/torch-cuda/kernel.py"] == SOURCE
    metadata = json.loads(made.files["build/torch-cuda/metadata.json"])
    assert metadata["backend"] == {"type": "cuda", "archs": ["9.0"]}
    assert f"torch.ops.{metadata['id']}\n" in made.files["build/torch-cuda/_ops.py"]
    main, version = uploads(made)
    assert not [path for path in main.files if path.startswith("build/")]
    assert "benchmarks/benchmark.py" in version.files


def test_a_repository_that_was_judged_is_not_altered():
    files = {"build.toml": kernel_repository(judged("rms_norm", "cpp")).files["build.toml"]}
    files |= {"README.md": "Mine.\n", "torch-ext/torch_binding.cpp": "// binding\n"}
    source = json.dumps(files)
    said = {"language": "torch-ext", "candidate": hashlib.sha256(source.encode()).hexdigest()}
    operation = load_operation("rms_norm")
    found = judged("rms_norm", "cpp").evidence | said
    task = EvalTask(operation, load_profile("cpu-x86_64"), "torch-ext")
    made = kernel_repository(JudgedKernel(task, source, found, files))
    assert {path: made.files[path] for path in files} == files
    assert set(made.files) - set(files) == {"EVIDENCE.md", "evidence.json"}
    assert "2.00x [1.94, 2.06] over eager PyTorch" in made.files["EVIDENCE.md"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ExportError, match="holds something else"):
        write_repository(KernelRepository("a-b", "MIT", "cpu", (), {"mine": "yours"}), tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"


def test_the_same_repository_can_be_written_again(tmp_path: Path):
    made = kernel_repository(judged("rms_norm", "cpp"))
    for _ in range(2):
        write_repository(made, tmp_path)
    (tmp_path / "build.toml").write_text("edited")
    with pytest.raises(ExportError, match="holds something else"):
        write_repository(made, tmp_path)


CPU = Target("here", "cpu", "x86_64", torch=(2, 13))
CUDA = Target("here", "cuda", "x86_64", "linux", (13, 0), (2, 13), "9.0")


@pytest.mark.parametrize(
    ("name", "takers"),
    [
        ("torch213-cxx11-cpu-x86_64-linux", [CPU]),
        ("torch213-cpu-x86_64-linux", [CPU]),
        ("torch212-cxx11-cpu-x86_64-linux", []),
        ("torch213-cxx11-cpu-aarch64-linux", []),
        ("torch-stable-abi211-cpu-x86_64-linux", [CPU]),
        ("torch-stable-abi214-cpu-x86_64-linux", []),
        ("torch213-cxx11-cu130-x86_64-linux", [CUDA]),
        ("torch213-cxx11-cu132-x86_64-linux", []),
        ("torch213-cxx11-cu126-x86_64-linux", []),
        ("torch213-cxx11-rocm71-x86_64-linux", []),
        ("torch-cuda", [CUDA]),
        ("torch-cpu", [CPU]),
        ("torch-universal", [CPU, CUDA]),
    ],
)
def test_a_build_variant_is_for_the_machines_that_kernels_loads_it_on(
    name: str, takers: list[Target]
):
    variant = parse_variant(name)
    assert variant is not None
    assert [each for each in (CPU, CUDA) if each.takes(variant)] == takers


@pytest.mark.parametrize(
    ("archs", "runs"),
    [
        ((), True),
        (("8.0",), False),
        (("8.0+PTX",), True),
        (("9.0a",), True),
        (("10.0",), False),
        (("7.5", "9.0"), True),
    ],
)
def test_archs_are_those_that_run_on_a_capability_of_9_0(archs: tuple[str, ...], runs: bool):
    assert CUDA.takes_archs(archs) is runs


def test_the_profiles_ask_for_their_own_builds():
    h200, mi300x = (Target.of_profile(load_profile(name)) for name in ("h200", "mi300x"))
    assert (h200.backend, h200.arch) == ("cuda", "9.0")
    assert (mi300x.backend, mi300x.arch) == ("rocm", "gfx942")
    assert mi300x.takes_archs(("gfx942",))
    assert not mi300x.takes_archs(("gfx90a",))
    assert parse_variant("tvm-ffi01-cu130-x86_64-linux") is None


def test_the_kernels_known_on_the_hub_are_for_operations_that_there_are():
    assert set(hub_kernels()) <= set(operation_names())
