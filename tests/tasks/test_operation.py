"""Operations: what the files say, what the judge is told, and what is refused."""

import hashlib
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from skilldyno.tasks.catalogue import (
    OPS,
    load_operation,
    load_operations,
    operation_names,
    read_operation,
)
from skilldyno.tasks.errors import UsageError
from skilldyno.tasks.language import KIND_OF_LANGUAGE, SourceLanguage
from skilldyno.tasks.operation import OperationError

LANGUAGES: tuple[SourceLanguage, ...] = ("cpp", "cuda")
NAMES = (
    "cross_entropy",
    "layer_norm",
    "linear_gelu",
    "quant_int8",
    "rms_norm",
    "rope",
    "silu_mul",
    "softmax",
)


def spec(name: str, language: SourceLanguage) -> dict[str, Any]:
    return load_operation(name).judge_spec(language, KIND_OF_LANGUAGE[language])


def test_the_operations_of_the_recordings_are_there():
    assert set(NAMES) <= set(operation_names())
    assert tuple(operation.name for operation in load_operations()) == operation_names()


# Counted by hand: every input read once and every output written once, in bytes.
BYTES = {
    # 512*4096 floats in and out, and 4096 of weight; 4096*4096 twice and 4096, of two bytes.
    ("rms_norm", "cpp"): 8_388_608 + 16_384 + 8_388_608,
    ("rms_norm", "cuda"): 33_554_432 + 8_192 + 33_554_432,
    # 1024*768, weight and bias of 768.
    ("layer_norm", "cpp"): 3_145_728 + 3_072 + 3_072 + 3_145_728,
    ("layer_norm", "cuda"): 50_331_648 + 6_144 + 6_144 + 50_331_648,
    ("softmax", "cpp"): 8_388_608 * 2,
    ("softmax", "cuda"): 268_435_456 * 2,
    ("silu_mul", "cpp"): 22_544_384 * 3,
    ("silu_mul", "cuda"): 234_881_024 * 3,
    # x and out of 1*1024*16*128; cos and sin of 1024*64, float32 in both languages.
    ("rope", "cpp"): 8_388_608 * 2 + 262_144 * 2,
    ("rope", "cuda"): 67_108_864 * 2 + 1_048_576 * 2,
    # 256*32000 logits, 256 targets of eight bytes, 256 losses of four.
    ("cross_entropy", "cpp"): 32_768_000 + 2_048 + 1_024,
    ("cross_entropy", "cuda"): 524_288_000 + 65_536 + 32_768,
    # 1024*4096 in, as many single bytes out, and 1024 scales.
    ("quant_int8", "cpp"): 16_777_216 + 4_194_304 + 4_096,
    ("quant_int8", "cuda"): 117_440_512 + 58_720_256 + 32_768,
    # x 256*1024, weight 1024*1024, bias 1024, out 256*1024.
    ("linear_gelu", "cpp"): 1_048_576 + 4_194_304 + 4_096 + 1_048_576,
    ("linear_gelu", "cuda"): 33_554_432 * 3 + 8_192,
}

# Counted by hand on the first workload of the CPU: operations an element times elements.
OPERATIONS = {
    "rms_norm": 4 * 2_097_152,
    "layer_norm": 7 * 786_432,
    "softmax": 5 * 2_097_152,
    "silu_mul": 5 * 5_636_096,
    "rope": 3 * 2_097_152,
    "cross_entropy": 4 * 8_192_000,
    "quant_int8": 3 * 4_194_304,
    "linear_gelu": 536_870_912,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_bytes_against_counting_by_hand(name: str, language: SourceLanguage):
    assert spec(name, language)["workloads"][0]["bytes"] == BYTES[name, language]


@pytest.mark.parametrize("name", NAMES)
def test_operations_against_counting_by_hand(name: str):
    assert spec(name, "cpp")["workloads"][0]["operations"] == OPERATIONS[name]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_every_workload_are_those_of_its_tensors(name: str, language: SourceLanguage):
    told = spec(name, language)
    sizes = {"float32": 4, "bfloat16": 2, "int8": 1, "int64": 8}
    for workload in told["workloads"]:
        tensors = zip(told["tensors"], workload["shapes"], strict=True)
        counted = sum(sizes[tensor["dtype"]] * math.prod(shape) for tensor, shape in tensors)
        assert workload["bytes"] == counted


def test_the_judge_is_told_everything_concrete():
    told = spec("rms_norm", "cpp")
    workloads = told.pop("workloads")
    assert told.pop("reference") == (OPS / "rms_norm" / "reference.py").read_text()
    assert told.pop("distributions")[:2] == ["normal", "heavy_tail"]
    files = [(OPS / "rms_norm" / name).read_bytes() for name in ("op.toml", "reference.py")]
    assert told == {
        "name": "rms_norm",
        "function": "rms_norm",
        "digest": hashlib.sha256(b"".join(files)).hexdigest(),
        "library": "forbidden",
        "tensors": [
            {"name": "x", "role": "input", "dtype": "float32", "fill": "data"},
            {"name": "weight", "role": "input", "dtype": "float32", "fill": "weight"},
            {
                "name": "out",
                "role": "output",
                "dtype": "float32",
                "relative": 1e-4,
                "scaled": 1e-4,
                "scale_dims": [1],
                "rounding": False,
            },
        ],
        "dims": ["M", "N"],
        "scalars": [{"name": "eps", "type": "float", "value": 1e-6}],
        "compiles": True,
        "reference_dims": [],
        "rate": "float32",
    }
    assert workloads[0] == {
        "name": "M=512,N=4096",
        "dims": {"M": 512, "N": 4096},
        "shapes": [[512, 4096], [4096], [512, 4096]],
        "bytes": 16_793_600,
        "operations": 8_388_608,
        "visible": True,
        "timed": True,
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_operation_hides_workloads_and_is_json(name: str, language: SourceLanguage):
    told = spec(name, language)
    assert json.loads(json.dumps(told)) == told
    hidden = [w for w in told["workloads"] if not w["visible"]]
    assert len(hidden) >= 4
    assert sum(w["timed"] for w in hidden) == 1
    assert all(w["timed"] for w in told["workloads"] if w["visible"])
    assert any(all(extent % 8 for extent in w["dims"].values()) for w in hidden)


def test_dtypes_follow_the_language():
    dtypes = {language: {} for language in LANGUAGES}
    for language in LANGUAGES:
        for name in ("rope", "cross_entropy", "quant_int8"):
            for tensor in spec(name, language)["tensors"]:
                dtypes[language][name, tensor["name"]] = tensor["dtype"]
    assert dtypes["cuda"]["rope", "x"] == "bfloat16"
    assert dtypes["cpp"]["rope", "x"] == "float32"
    for kept, dtype in {
        ("rope", "cos"): "float32",
        ("rope", "sin"): "float32",
        ("cross_entropy", "target"): "int64",
        ("cross_entropy", "loss"): "float32",
        ("quant_int8", "q"): "int8",
        ("quant_int8", "scale"): "float32",
    }.items():
        assert dtypes["cuda"][kept] == dtypes["cpp"][kept] == dtype
    assert spec("linear_gelu", "cuda")["rate"] == "bfloat16"
    assert spec("linear_gelu", "cpp")["rate"] == "float32"


def test_the_shown_reference_has_no_oracle():
    for operation in load_operations():
        assert operation.shown_reference.startswith(f"def {operation.name}(")
        assert "oracle" not in operation.shown_reference
        assert operation.shown_reference in operation.reference


def test_unknown_operations_are_answered_with_close_ones():
    with pytest.raises(OperationError) as caught:
        load_operation("rmsnorm")
    assert str(caught.value).startswith(
        "There is no operation 'rmsnorm'; did you mean rms_norm or "
    )
    with pytest.raises(OperationError, match=r"there are: .*cross_entropy, .*layer_norm, "):
        load_operation("zzz")
    assert issubclass(OperationError, UsageError)


def test_languages_and_kinds_must_pair(tmp_path: Path):
    operation = load_operation("rope")
    with pytest.raises(OperationError, match="'triton' runs on 'gpu' hardware, not on 'cpu'"):
        operation.judge_spec("triton", "cpu")
    with pytest.raises(OperationError, match="'cuda' runs on 'gpu' hardware, not on 'cpu'"):
        operation.judge_spec("cuda", "cpu")
    folder = Path(shutil.copytree(OPS / "rope", tmp_path / "rope"))
    text = (folder / "op.toml").read_text()
    (folder / "op.toml").write_text(re.sub(r', triton = "\w+"', "", text))
    native = read_operation(folder)
    with pytest.raises(OperationError, match="'rope' is not asked for in 'triton'; it is in cpp"):
        native.signature("triton")


TOML_MISTAKES = [
    ("dims = [", "dims = ", "op.toml: this is not valid TOML; mend it: "),
    ("family = ", "famly = ", "the field 'famly' is unknown; did you mean 'family'? allowed: "),
    (
        'family = "norm',
        'family = "Norm',
        "the field 'family' is 'Normalisation', but it should be 'normalisation', 'activation',",
    ),
    ('tier = "plain"', 'tier = "easy"', "the field 'tier' is 'easy', but it should be 'plain' or "),
    ("source = ", "# ", "the field 'source' is missing; add it."),
    (
        'cuda = "float32",',
        'cuda = "int32",',
        "the field 'roofline.rate.cuda' is 'int32', but it sh",
    ),
    (
        'fill = "weight"',
        'fill = "weight"\nfil = 1',
        "the field 'inputs[1].fil' is unknown; did you mean 'fill'? allowed: dtype, fill, name,",
    ),
    (
        'library = "forbidden"',
        'library = "forbiden"',
        "the field 'library' is 'forbiden', but it should be 'allowed' or 'forbidden'.",
    ),
    ('"normal"', '"nromal"', "the field 'distributions[0]' is 'nromal', but it should be 'normal'"),
    ('cpp = "float32"', 'cp = "float32"', "but it should be 'cpp', 'cuda' or 'triton'"),
    (
        'fill = "data"',
        'fill = "dat"',
        "the fill of the tensor 'x' is 'dat', but it should be data, ",
    ),
    ('fill = "data"', 'fill = "index:N"', "'index:N', which needs int32 or int64, not float32."),
    ('fill = "data"', 'fill = "index"', "the fill of the tensor 'x' is 'index', but it should be "),
    (
        'fill = "data"',
        'fill = "bytes"',
        "'bytes', which needs uint8 or int8 or float8_e4m3fn, not ",
    ),
    ("M = 512", "M = -512", "the field 'workloads.cpu.visible[0].M' is -512, but it should be"),
    ("M = 512", "K = 512", "must give exactly the dims M, N."),
    ("M = 512, N = 4096", "M = 1, N = 8192", "workloads.cpu has the same dims twice."),
    (
        "hidden = [{ M = 37, N = 1001 }, { M = 1, N = 17 }, { M = 5, N = 1 }]",
        "hidden = []",
        "the field 'workloads.cpu.hidden' has too few items; give at least 1.",
    ),
    ("[workloads.gpu]", "[workloads.gpus]", "the field 'workloads.gpus' is 'gpus', but it should"),
    ("4*M*N", "4*M*K", "roofline.operations uses 'K'; allowed: M, N."),
    ("size_weight", "size_wight", "roofline.bytes uses 'size_wight'; allowed: M, N, size_out,"),
    ("4*M*N", "4*M*N %", "'4*M*N %' is not an arithmetic expression."),
    ('shape = ["N"]', 'shape = ["N/3"]', "workloads.cpu has M=512,N=4096, but in 'N/3', 4096 is"),
    ("bfloat16 = { relative", "float16 = { relative", "has no tolerance for bfloat16; add"),
    ("scale_dims = [1]", "scale_dims = [2]", "the output 'out' has scale_dims outside 0 to 1."),
    ("scale_dims = [1]", "rounding = true", "rounding = true, which is for integers, not float32"),
    ('name = "weight"', 'name = "x"', "the name 'x' is used twice among tensors, dims and"),
    ('name = "rms_norm"', 'name = "rmsnorm"', "reference.py does not define the function 'rmsnor"),
    ('name = "eps"', 'name = "epsilon"', "defines rms_norm(x, weight, eps), which must take (x, "),
    ('name = "rms_norm"', 'name = "rms_norm"\ndigest = "x"', "the field 'digest' is computed; rem"),
    (
        'rate = { cpp = "float32", cuda = "float32", triton = "float32" }',
        'rate = { cpp = "float32" }',
        "roofline.rate is given for cpp, but the dtype of 'x' for cpp, cuda, triton.",
    ),
]


@pytest.mark.parametrize(("before", "after", "message"), TOML_MISTAKES)
def test_a_mistake_in_op_toml_is_one_sentence(
    tmp_path: Path, before: str, after: str, message: str
):
    folder = Path(shutil.copytree(OPS / "rms_norm", tmp_path / "rms_norm"))
    text = (folder / "op.toml").read_text()
    assert before in text
    (folder / "op.toml").write_text(text.replace(before, after, 1))
    with pytest.raises(OperationError) as caught:
        read_operation(folder)
    assert str(caught.value).startswith(f"{folder}/op.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("import torch\n", "import torch\nimport numpy\n", "reference.py imports numpy; it may"),
        ("import torch\n", "from .x import y\n", "reference.py imports .x; it may import torch"),
        ("def oracle", "def orcale", "does not define the function 'oracle'; add it."),
        ("def oracle(x,", "def oracle(y,", "defines oracle(y, weight, eps), which must take"),
        ("def oracle", "def oracle(", "reference.py is not valid Python: "),
    ],
)
def test_a_mistake_in_reference_py_is_one_sentence(
    tmp_path: Path, before: str, after: str, message: str
):
    folder = Path(shutil.copytree(OPS / "rms_norm", tmp_path / "rms_norm"))
    text = (folder / "reference.py").read_text()
    (folder / "reference.py").write_text(text.replace(before, after, 1))
    with pytest.raises(OperationError) as caught:
        read_operation(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_files_must_be_there_and_named_right(tmp_path: Path):
    with pytest.raises(OperationError, match=r"op\.toml: there is no such file"):
        read_operation(tmp_path)
    (tmp_path / "op.toml").write_text("")
    with pytest.raises(OperationError, match=r"reference\.py: there is no such file"):
        read_operation(tmp_path)
    moved = Path(shutil.copytree(OPS / "rms_norm", tmp_path / "other"))
    with pytest.raises(OperationError, match="should be the folder's name, 'other'"):
        read_operation(moved)
    (moved / "reference.py").write_bytes(b"\xff")
    with pytest.raises(OperationError, match=r"reference\.py: this is not UTF-8 text"):
        read_operation(moved)


def test_the_digest_changes_with_either_file(tmp_path: Path):
    folder = Path(shutil.copytree(OPS / "rms_norm", tmp_path / "rms_norm"))
    digests = {read_operation(folder).digest}
    for name in ("op.toml", "reference.py"):
        with (folder / name).open("a") as file:
            file.write("# one more line\n")
        digests.add(read_operation(folder).digest)
    assert len(digests) == 3


def test_three_workloads_a_kind_are_the_least(tmp_path: Path):
    folder = Path(shutil.copytree(OPS / "softmax", tmp_path / "softmax"))
    text = (folder / "op.toml").read_text()
    few = "visible = [{ M = 64, N = 32000 }]\nhidden = [{ M = 1, N = 3 }]\n\n[workloads.gpu]"
    text = re.sub(r"(?s)visible = .*?\[workloads.gpu\]", few, text, count=1)
    (folder / "op.toml").write_text(text)
    with pytest.raises(OperationError, match=r"workloads\.cpu has 2 workloads; give at least 3\.$"):
        read_operation(folder)


def test_offsets_are_one_dimension(tmp_path: Path):
    folder = Path(shutil.copytree(OPS / "cross_entropy", tmp_path / "cross_entropy"))
    text = (folder / "op.toml").read_text()
    text = text.replace('shape = ["M"]', 'shape = ["M", "M"]', 1)
    (folder / "op.toml").write_text(text.replace("index:N", "offsets:N"))
    with pytest.raises(OperationError, match="'target' has fill 'offsets:N', which needs one dim"):
        read_operation(folder)


def test_the_newer_dtypes_have_types_in_c(tmp_path: Path):
    folder = Path(shutil.copytree(OPS / "quant_int8", tmp_path / "quant_int8"))
    text = (folder / "op.toml").read_text()
    text = text.replace('cuda = "int8"', 'cuda = "float8_e4m3fn"').replace(
        "tolerance.int8 =",
        "tolerance.float8_e4m3fn = { relative = 0.1, scaled = 0.1 }\ntolerance.int8 =",
    )
    (folder / "op.toml").write_text(text.replace("rounding = true\n", ""))
    operation = read_operation(folder)
    assert "const __nv_bfloat16* x, __nv_fp8_e4m3* q, float* scale" in operation.signature("cuda")
    told = operation.judge_spec("cuda", "gpu")["workloads"][0]
    assert told["bytes"] == BYTES["quant_int8", "cuda"]
    text = (folder / "op.toml").read_text()
    (folder / "op.toml").write_text(text.replace('cpp = "int8"', 'cpp = "float8_e4m3fn"'))
    with pytest.raises(
        OperationError, match="the tensor 'q' is float8_e4m3fn in cpp, which allows"
    ):
        read_operation(folder)
    (folder / "op.toml").write_text(text.replace('"int8"', '"uint8"').replace("e.int8", "e.uint8"))
    assert "uint8_t* q" in read_operation(folder).signature("cpp")
