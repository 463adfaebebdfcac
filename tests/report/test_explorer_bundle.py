"""The explorer's modules become one script, or are refused."""

from __future__ import annotations

import pytest

from exactcnn.core.errors import InternalError
from exactcnn.report.explorer_bundle import joined_modules
from exactcnn.report.explorer_page import explorer_script


def joined(modules: dict[str, str], entry: str = "a.js") -> str:
    return joined_modules(entry, modules.__getitem__)


def test_imports_come_before_their_importers() -> None:
    script = joined(
        {
            "view/a.js": 'import { b, c as d } from "../b.js";\nimport { e } from "./e.js";\nuse(b, d, e);\n',
            "b.js": 'import { e } from "./view/e.js";\nexport function b() {}\nexport const c = e;\n',
            "view/e.js": "export class e {}\nconst b = 1;\n",
        },
        "view/a.js",
    )
    assert script.index("// view/e.js") < script.index("// b.js") < script.index("// view/a.js")
    assert "const { b, c: d } = module1;" in script
    assert "const { e } = module0;" in script
    assert "return { b, c };" in script
    assert "import" not in script
    assert "export" not in script


def test_a_list_of_names_over_several_lines() -> None:
    assert "const { b, c } = module0;" in joined(
        {
            "a.js": 'import {\n  b,\n  c,\n} from "./b.js";\n',
            "b.js": "export async function b() {}\nexport function* c() {}\n",
        }
    )


@pytest.mark.parametrize(
    "line",
    [
        'import b from "./b.js";',
        'import * as b from "./b.js";',
        'import "./b.js";',
        'import { default as b } from "https://elsewhere/b.js";',
        'import { b } from "b";',
        "import { b } from './b.js';",
        'import { b } from "./b.js"; more();',
        "export default 1;",
        "export let b = 1;",
        "export var b = 1;",
        "export { b };",
        'export * from "./b.js";',
        "export const { b } = {};",
    ],
)
def test_other_forms_are_refused(line: str) -> None:
    with pytest.raises(InternalError):
        joined({"a.js": f"{line}\n", "b.js": "export const b = 1;\n"})


def test_what_is_not_exported_cannot_be_imported() -> None:
    with pytest.raises(InternalError, match=r"b\.js exports no c"):
        joined({"a.js": 'import { c } from "./b.js";\n', "b.js": "const c = 1;\n"})


def test_circles_are_refused() -> None:
    with pytest.raises(InternalError, match="itself"):
        joined({"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\nexport const b = 1;\n'})


def test_imports_from_outside_are_refused() -> None:
    with pytest.raises(InternalError, match="outside"):
        joined({"a.js": 'import { b } from "../b.js";\n'})


@pytest.mark.parametrize("text", ["</script>", "</SCRIPT", "<!--"])
def test_what_would_end_the_script(text: str) -> None:
    with pytest.raises(InternalError, match="end the script"):
        joined({"a.js": f'const a = "{text}";\n'})


def test_the_shipped_modules() -> None:
    script = explorer_script()
    assert script.startswith('"use strict";')
    assert "// view/main.js" in script
    assert "// engine/rational.js" in script
