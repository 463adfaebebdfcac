"""Changes of the golden statements and certificates: which of them a kernel has to refuse."""

from __future__ import annotations

from support.kernel_pairs import Change

__all__ = ["FINE", "MEANING", "PAIRS", "STATEMENTS"]

_BRIGHT = "feature bright 1 1 gap 1/2 templates 1\ntemplate\n3/4 1\n"
_OFF = "class off alternatives 1\nalternative requires forbids 0\n"
_OVERLAPS = ("alternative requires 0 forbids\n", "alternative requires forbids\n")
STATEMENTS = [
    *(
        ("margin 1/4", f"margin 1/4 {execution}")
        for execution in (
            "float64",
            "float32 step",
            "float32 step 2",
            "float32 step 1/3",
            "float32 step 0",
            "step 1",
            "float32 1",
        )
    ),
    ("margin 1/4", "margin float32"),
    ("margin 1/4", "margin 1/4 float32"),  # rounding is not paid for
    ("margin 1/4", f"margin {2**23 - 1}/{2**25} float32"),  # nor in full
    ("margin 1/4", f"margin {2**20 - 1}/{2**22} float32"),
    ("margin 1/4", f"margin 1/4 float32 step 1/{2**24}"),  # too small a step
    *((_OFF, _OFF.replace("alternatives 1", "alternatives 2") + more) for more in _OVERLAPS),  # `on` is never alone
    ("sizes 1 any 1 any", "sizes 01 any 1 any"),
    ("pixel 0 1\nfeatures 1\n" + _BRIGHT, "pixel 1 1\nfeatures 1\n" + _BRIGHT.replace("3/4", "1")),
    ("dense out 2 in 1\n1\n0\n", "dense out 2 in 2\n1 0\n0 1\n"),
    ("bias 0 1/2", "bias 1/2"),
    ("sizes 1 any 1 any", "sizes 3 2 1 any"),
    ("pixel 0 1", "pixel 0 1/1"),
    ("3/4 1\n", "3/4 2/2\n"),
    *(
        (("margin 1/4", f"margin {m}"))
        for m in ("2/8", "+1/4", "0.25", "01/4", "1/04", "-1/4", "0", "1/0", "1/-4", "1/4 1", "", "1_0", "1e1")
    ),
    ("margin 1/4", "margin 1/3"),
    ("exactcnn statement 1", "exactcnn statement 2"),
    ("sizes 1 any 1 any", "sizes 0 any 1 any"),
    ("sizes 1 any 1 any", "sizes 2 1 1 any"),
    ("sizes 1 any 1 any", "sizes any any 1 any"),
    ("sizes 1 any 1 any", "sizes 1 any 1"),
    ("sizes 1 any 1 any", "sizes 2 any 1 any"),  # the witness of `off` is too low
    ("sizes 1 any 1 any", "sizes 1 2 1 any"),  # the witness of `on` is too high
    ("sizes 1 any 1 any", "sizes 1 any 2 any"),
    ("sizes 1 any 1 any", "sizes 1 any 1 2"),
    ("source none", "source NONE"),
    ("source none", "source " + "0" * 63),
    ("source none", "source " + "A" * 64),
    *(
        (("task lamp", f"task {n}"))
        for n in ("l%61mp", "lamp%", "lamp%2", "lamp%2f", "lamp%FF", "l%C3%A", "lämp", "l/mp", "%%", "l  mp")
    ),
    ("channels 1 pixel 0 1", "channels 0 pixel 0 1"),
    ("channels 1 pixel 0 1", "channels 2 pixel 0 1"),
    ("pixel 0 1", "pixel 1 0"),
    ("pixel 0 1", "pixel 1 1"),
    ("pixel 0 1", "pixel 0 7/8"),  # the template leaves the range
    ("features 1\n" + _BRIGHT, "features 0\n"),
    ("features 1\n" + _BRIGHT, "features 2\n" + _BRIGHT + _BRIGHT),  # two of one name
    ("features 1", "features 2"),
    ("gap 1/2", "gap 0"),
    ("gap 1/2", "gap -1/2"),
    ("gap 1/2", "gap 3/8"),  # too small for the upper fact
    ("templates 1", "templates 0"),
    ("templates 1\ntemplate\n3/4 1\n", "templates 0\n"),
    ("3/4 1\n", "1 3/4\n"),
    ("3/4 1\n", "3/4 1 1\n"),
    ("3/4 1\n", "3/4 2\n"),
    ("3/4 1\n", "-1 1\n"),
    ("3/4 1\n", "3/4\n"),
    ("bright 1 1 gap", "bright 0 1 gap"),
    ("bright 1 1 gap", "bright 1 2 gap"),
    ("classes 2", "classes 1"),
    ("classes 2", "classes 3"),
    (
        "class on alternatives 1\nalternative requires 0 forbids\n" + _OFF,
        "class on otherwise\nclass off otherwise\n",
    ),
    ("class off", "class on"),
    ("class off alternatives 1\nalternative requires forbids 0\n", "class off alternatives 0\n"),
    ("requires 0 forbids", "requires 1 forbids"),
    ("requires 0 forbids", "requires 0 0 forbids"),
    ("requires 0 forbids", "requires 0 forbids forbids"),
    ("requires 0 forbids", "requires 0"),
    ("requires 0 forbids", "requires forbids"),  # now `on` always holds
    ("exactcnn network 1", "exactcnn network 2"),
    ("input pixel channels 1", "input pixel channels 2"),
    ("input pixel channels 1", "input float channels 1"),
    ("input pixel", "input byte"),  # the logits are 255 times as large
    ("globalpool max", "globalpool median"),
    ("globalpool max\n", ""),
    ("globalpool max\n", "globalpool max\nglobalpool max\n"),
    ("globalpool max", "globalpool sum"),
    ("globalpool max", "globalpool mean"),
    ("globalpool max\n", "maxpool rows 1 columns 1 stride 1 1 padding 1 0 0 0\nglobalpool max\n"),
    ("globalpool max\n", "maxpool rows 0 columns 1 stride 1 1 padding 0 0 0 0\nglobalpool max\n"),
    ("globalpool max\n", "maxpool rows 1 columns 1 stride 0 1 padding 0 0 0 0\nglobalpool max\n"),
    ("globalpool max\n", "maxpool rows 2 columns 1 stride 1 1 padding 0 0 0 0\nglobalpool max\n"),  # undefined at 1x1
    ("globalpool max\n", "maxpool rows 5000 columns 1 stride 1 1 padding 4999 0 4999 0\nglobalpool max\n"),
    ("globalpool max\n", "dense out 1 in 1\n1\nbias 0\nglobalpool max\n"),
    ("globalpool max\n", "globalpool max\nconv out 1 in 1 rows 1 columns 1 stride 1 1 padding 0 0 0 0\n1\nbias 0\n"),
    ("globalpool max\n", "softmax\nglobalpool max\n"),
    ("dense out 2 in 1", "dense out 2 in 2"),
    ("dense out 2 in 1", "dense out 0 in 1"),
    ("dense out 2 in 1\n1\n0\nbias 0 1/2\n", "dense out 3 in 1\n1\n0\n0\nbias 0 1/2 0\n"),
    ("1\n0\nbias", "1\nbias"),
    ("1\n0\nbias", "1 0\nbias"),
    ("1\n0\nbias", "1\n-0\nbias"),
    ("bias 0 1/2", "bias 1*0 1/2"),
    ("bias 0 1/2", "bias 0 0"),
    ("bias 0 1/2", "bias 0 1/2 0"),
    ("bias 0 1/2", "bias 2*0"),
    ("bias 0 1/2", "bias 0 5/8"),
    ("end\nend\n", "end\n"),
    ("end\nend\n", "end\nend"),
    ("end\nend\n", "end\nend\n\n"),
    ("end\nend\n", "end\nend\nend\n"),
]

MEANING = {  # read, but not proved by the certificate
    ("margin 1/4", "margin 1/3"),
    ("margin 1/4", "margin 1/4 float32"),
    ("margin 1/4", f"margin {2**23 - 1}/{2**25} float32"),
    ("margin 1/4", f"margin {2**20 - 1}/{2**22} float32"),
    ("margin 1/4", f"margin 1/4 float32 step 1/{2**24}"),
    ("sizes 1 any 1 any", "sizes 2 any 1 any"),
    ("sizes 1 any 1 any", "sizes 1 2 1 any"),
    ("sizes 1 any 1 any", "sizes 1 any 2 any"),
    ("sizes 1 any 1 any", "sizes 1 any 1 2"),
    ("gap 1/2", "gap 3/8"),
    ("requires 0 forbids", "requires forbids"),
    ("input pixel", "input byte"),
    ("globalpool max", "globalpool sum"),
    ("globalpool max", "globalpool mean"),
    ("bias 0 1/2", "bias 2*0"),
    ("bias 0 1/2", "bias 0 5/8"),
    *((_OFF, _OFF.replace("alternatives 1", "alternatives 2") + more) for more in _OVERLAPS),
}
_PROOF = "prove 1 0 0 0 0\nsplit 1\nqed 2 4 2 6 1\nqed 2 4 1 6 2\n"
_WITNESS = "witness 0 1 1 3 3 0 0\n1\n"
_RIGHT = "prove\nchoose 0\nchoose 1\nchoose 2\nqed 1 0 1\nright"
_PAIR = "pair 0 1\nprove\nchoose 0\nchoose 1\nchoose 3\nqed 1 0 1\n"
_WRONG = "prove\nchoose 0\nchoose 2\nqed 1 0 1\nwrong"
_FAR = (  # a window that does not exist at the first border kind, with a proof that would do
    "prove 2 0 0 0 0 0 0 1 1\nsplit 2\nsplit 4\nqed 3 10 2 11 4 13 1\nqed 2 10 1 13 2\n"
    "prove 1 0 0 1 0\nsplit 1\nsplit 2\nqed 3 5 2 6 4 8 1\nqed 2 5 1 8 2\n"
)
_TWO = (
    "prove 2 0 0 1 0 0 0 1 1\nsplit 2\nsplit 3\nqed 3 10 2 12 4 14 1\nqed 2 10 1 14 2\n"
    "split 4\nqed 3 11 2 12 4 14 1\nqed 2 11 1 14 2\n"
)
_NEAR = "prove 1 0 0 1 1\nsplit 1\nsplit 2\nqed 3 5 2 6 4 8 1\nqed 2 5 1 8 2\nsame 1 0 0 1 0\n"


def _another_sum(weights: str) -> tuple[Change, ...]:
    """A fact more about a sum of channels in `phases`, and the proofs whose rows it moves."""
    return (
        ("facts 5\n", f"facts 6\njoint 0 0 -9 over {weights}\n" + 9 * "see 0 0 box\n"),
        ("sub 4 1 4 1 0\nlin 2 3 1 5 1\nqed 1 6 1\n", "sub 5 1 4 1 0\nlin 2 3 1 6 1\nqed 1 7 1\n"),
        ("sub 4 1 4 1 0\nsub 5 1 5 1 0\nqed 1 6 1\n", "sub 5 1 4 1 0\nsub 6 1 5 1 0\nqed 1 7 1\n"),
    )


PAIRS: list[tuple[str, Change | None, tuple[Change, ...]]] = [
    # witnesses
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n1/2\n"),)),  # neither on nor off
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n0\n"),)),  # off
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n2\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n1 1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 1 0\n1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 1\n1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 2 1 1 1 0 0\n1\n1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 1 1 1 3 3 0 0\n1\n"),)),
    ("lamp", None, ((_WITNESS, ""),)),
    ("lamp", None, ((_WITNESS, _WITNESS + _WITNESS),)),
    (
        "lamp",
        None,
        (
            (_WITNESS, "witness 0 2 1 2 1 0 0\n1\n1/2\n"),
            ("witness 1 1 1 1 1 0 0\n1/4", "witness 1 2 1 2 1 0 0\n1/4\n1/2"),
        ),
    ),
    ("lamp", None, (("1/4\nfacts", "-1\nfacts"),)),
    (
        "lamp",
        ("margin 1/4", "margin 1/100"),
        (("1/4\nfacts", "3/8\nfacts"),),
    ),  # neither on nor off, and the lead would do
    # the header, the frame
    ("lamp", None, (("exactcnn certificate 1", "exactcnn certificate 2"),)),
    ("lamp", None, (("statement 6", "statement 7"),)),
    ("lamp", None, (("end\n", "end\nend\n"),)),
    ("lamp", None, (("end\n", "end"),)),
    ("lamp", None, (("\nend\n", "\n"),)),
    ("lamp", None, (("head\n", ""),)),
    ("lamp", None, (("facts 2", "facts 1"),)),
    ("lamp", None, (("facts 2", "facts 3"),)),
    # facts
    ("lamp", None, (("upper 0 1/4", "upper 0 1/5"),)),
    ("lamp", None, (("upper 0 1/4", "upper 0 1"),)),
    ("lamp", None, (("upper 0 1/4", "upper 1 1/4"),)),
    ("lamp", None, (("upper 0 1/4 avoid 0", "upper 0 1/4 avoid 1"),)),
    ("lamp", None, (("upper 0 1/4 avoid 0", "upper 0 1/4 avoid 0 0"),)),
    ("lamp", None, ((_PROOF, "box\n"),)),
    ("lamp", None, ((_PROOF, "same 1 0 0 0 0\n"),)),
    ("lamp", None, ((_PROOF, ""),)),
    ("lamp", None, ((_PROOF, _PROOF + _PROOF),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 1 0 0 1 0"),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 1 0 1 0 0"),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 1 1 0 0 0"),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 0"),)),
    ("lamp", None, ((_PROOF, "prove 2 0 0 0 0 0 0 0 0\nsplit 1\nqed 2 6 2 9 1\nqed 2 6 1 9 2\n"),)),
    # an upper fact that avoids nothing but uses a clear window, and the head that would follow from it
    (
        "lamp",
        None,
        (("avoid 0", "avoid"), (_RIGHT, _RIGHT.replace("qed 1 0 1", "qed 1 1 1")), (_WRONG, "prove\nqed 1 0 1\nwrong")),
    ),
    ("lamp", None, (("lower 0 0 0 3/4", "lower 0 0 0 7/8"),)),
    ("lamp", None, (("lower 0 0 0 3/4", "lower 1 0 0 3/4"),)),
    ("lamp", None, (("lower 0 0 0 3/4", "lower 0 1 0 3/4"),)),
    ("lamp", None, (("see 0 0 box", "see 1 0 box"),)),
    ("lamp", None, (("see 0 0 box", "see 0 1 box"),)),
    ("lamp", None, (("see 0 0 box", "see 0 0 same"),)),
    ("lamp", None, (("see 0 0 box\n", ""),)),
    ("lamp", None, (("see 0 0 box", "see 0 0 prove\nqed 1 1 1"),)),
    ("pool2", None, ((_NEAR, _FAR),)),
    ("pool2", None, ((_TWO, "same 2 0 0 1 0 0 0 1 1\n"),)),
    ("pool2", None, (("lower 0 0 0 3/4\nsee 0 0 box\n", "lower 0 0 0 3/4\n"),)),
    ("avg", None, (("lower 0 0 0 1/2", "lower 0 0 0 2/3"),)),
    ("bar", None, (("upper 0 0 avoid 0\nbox\n", "upper 0 0 avoid 0\nbox\nbox\n"),)),
    ("sum", None, (("floor 0 0", "floor 0 1"),)),
    ("sum", None, (("facts 3\nfloor 0 0\nbox\n", "facts 4\nfloor 0 0\nbox\nfloor 0 0\nbox\n"),)),
    # sums of channels
    ("phases", None, (("joint 0 0 6 over", "joint 0 0 7 over"),)),
    ("phases", None, (("joint 0 0 6 over", "joint 0 0 5 over"),)),
    ("phases", None, (("joint 0 0 6 over", "joint 0 1 6 over"),)),
    ("phases", None, (("joint 0 0 6 over", "joint 0 0 6"),)),
    *(
        ("phases", None, (("over 0 6 1 3 2 2 3 6\n", f"over {weights}\n"),))
        for weights in (
            "0 6 1 3 2 1 3 6",
            "0 6 1 3 2 2",
            "0 6 1 3 2 2 3",
            "0 6 1 3 2 2 3 6 7",
            "1 3 0 6 2 2 3 6",
            "0 6 0 6 1 3 2 2 3 6",
            "0 6 1 3 2 2 4 6",
            "0 6 1 3 2 2 3 0",
            "0 6 1 3 2 2 3 12/2",
        )
    ),
    ("phases", None, (("joint 0 0 6 over 0 6 1 3 2 2 3 6\nsee 0 0 box\n", "joint 0 0 6 over 0 6 1 3 2 2 3 6\n"),)),
    ("phases", None, _another_sum("0 1")),
    ("phases", None, _another_sum("0 -1 1 1")),
    ("phases", None, _another_sum("0 1 1 1 2")),
    ("phasesum", None, (("facts 9\n", "facts 8\n"), ("floor 3 0\n" + 6 * "box\n", ""))),
    ("phasesum", None, (("floor 3 0\n", "floor 3 -1\n"),)),
    # heads
    ("lamp", None, (("right 0 3/4", "right 0 7/8"),)),
    ("lamp", None, (("right 1 1/2", "right 1 3/4"),)),
    ("lamp", None, (("wrong 0 1/4", "wrong 0 0"),)),
    ("lamp", None, (("wrong 1 1/2", "wrong 1 1/4"),)),
    ("lamp", None, (("right 0 3/4\n" + _RIGHT, "right 0 none\nright"),)),
    ("lamp", None, (("wrong 0 1/4\n" + _WRONG, "wrong 0 none\nwrong"),)),
    ("lamp", None, (("wrong 1 1/2\nprove\nqed 0\n", "wrong 1 none\n"),)),
    ("lamp", None, (("right 1 1/2\nprove\nqed 0\n", ""),)),
    ("lamp", None, (("qed 0\nend", "qed 0\n" + _PAIR + "end"),)),  # a pair that is not left over
    ("lamp", None, (("right 0 3/4", "right 0 1/2"),)),  # a pair that is left over, and its proof is missing
    (
        "lamp",
        None,
        (("right 0 3/4", "right 0 1/2"), ("qed 0\nend", "qed 0\n" + _PAIR.replace("0 1\n", "1 0\n", 1) + "end")),
    ),
    ("lamp", None, ((_RIGHT, "prove\nchoose 2\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_RIGHT, "prove\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_RIGHT, "prove\nchoose 0\nchoose 1\nchoose 1\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_RIGHT, "prove\nchoose 3\nchoose 1\nchoose 2\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_WRONG, "prove\nchoose 0\nchoose 1\nqed 1 0 1\nwrong"),)),
    ("lamp", None, ((_WRONG, "prove\nchoose 2\nqed 1 0 1\nwrong"),)),
    ("mixed", None, (("wrong 0 0\n", "wrong 0 -1\n"),)),
    ("mixed", None, (("right 2 1/2\n", "right 2 1\n"),)),
    ("templates", ("templates 2\n", "templates 3\ntemplate\n7/8 1 7/8 1\n"), ()),
    ("templates", ("\n2*-1\nbias 1\nrelu\n", "\n-1 0\nbias 1\nrelu\n"), ()),
    # pools other than the maximum: other numbers of positions
    ("sum", ("sizes 1 2 2 2", "sizes 1 3 2 2"), ()),
    ("sum", ("sizes 1 2 2 2", "sizes 1 2 2 3"), ()),
    ("sum", ("sizes 1 2 2 2", "sizes 1 any 2 2"), ()),
    ("summax", ("sizes 1 1 2 2", "sizes 1 1 2 3"), ()),
    ("meanmix", ("sizes 1 1 2 2", "sizes 1 1 2 3"), ()),
    ("meanmix", ("sizes 1 1 2 2", "sizes 1 1 2 any"), ()),
    ("mean", ("sizes 1 1 2 2", "sizes 1 1 2 3"), ()),
    ("summax", ("pixel 0 1", "pixel -1 1"), ()),
    ("meanmix", ("pixel 0 1", "pixel -1 1"), ()),
    # networks changed a little
    ("bar", ("gap 1/2", "gap 7/16"), ()),
    ("bytes", ("input byte", "input pixel"), ()),
    ("bar", ("input pixel", "input byte"), ()),
    ("maxpool", ("padding 0 1 0 1\n2*1\nbias -1", "padding 0 1 0 1\n2*1\nbias -3/4"), ()),
    ("maxpool", ("padding 0 0 0 1", "padding 0 1 0 1"), ()),
    ("avg", ("bias -2 1/4", "bias -1/2 1/4"), ()),
    ("mixed", ("alternative requires 0 forbids 1", "alternative requires 0 forbids"), ()),
]
_NETWORK = "network\nexactcnn network 1\ninput pixel channels 1\nglobalpool max\ndense out 2 in 1\n1\n"
FINE: list[tuple[str, Change | None, tuple[Change, ...]]] = [
    ("phases", None, _another_sum("0 1 1 1")),
    (  # the logit of `otherwise` is 1 - m
        "lamp",
        (_OFF + _NETWORK + "0\nbias 0 1/2", "class off otherwise\n" + _NETWORK + "-1\nbias 0 1"),
        (
            ("right 1 1/2\nprove\nqed 0\n", "right 1 3/4\nprove\nchoose 0\nchoose 2\nqed 1 0 1\n"),
            ("wrong 1 1/2\nprove\nqed 0\n", "wrong 1 1/4\nprove\nchoose 0\nchoose 1\nchoose 2\nqed 1 0 1\n"),
        ),
    ),
    ("lamp", ("task lamp", "task %E2%98%80%20"), ()),
    ("lamp", ("task lamp", "task %"), ()),
    ("lamp", ("source none", "source " + "0123456789abcdef" * 4), ()),
    ("lamp", ("margin 1/4", "margin 1/5"), ()),
    # float32: logits m and 1/2, whose lead is 1/4 and nothing to spare
    ("lamp", ("margin 1/4", "margin 1/5 float32"), ()),
    ("lamp", ("margin 1/4", f"margin {2**18 - 1}/{2**20} float32"), ()),
    ("lamp", ("margin 1/4", "margin 1/4 float32 step 1/256"), ()),
    ("lamp", ("margin 1/4", "margin 1/4 float32 step 1"), ()),
    ("lamp", ("margin 1/4", f"margin 1/4 float32 step 1/{2**23}"), ()),
    ("sum", ("margin 1/8", "margin 1/9 float32"), ()),
    ("lamp", ("globalpool max\n", "globalpool max\nflatten\n"), ()),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 100000000 100000000 0 0\n3/4\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 2 2 999 7 1 0\n1 0\n0 0\n"),)),
    ("lamp", None, (("right 0 3/4", "right 0 1/2"), ("qed 0\nend", "qed 0\n" + _PAIR + "end"))),
    ("lamp", None, (("wrong 1 1/2\nprove\nqed 0\n", "wrong 1 none\n" + _PAIR),)),
    ("summax", ("sizes 1 1 2 2", "sizes 1 1 1 2"), ()),
    ("bar", ("padding 0 0 0 1", "padding 0 1 0 0"), ()),
    ("pool2", ("stride 2 2", "stride 2 1"), ()),
    ("avg", ("4\n-1\nbias", "4\n-1/2\nbias"), ()),
    ("lamp", None, (("see 0 0 box", "see 0 0 prove\nqed 1 0 4"),)),
    (
        "lamp",
        None,
        (
            ("upper 0 1/4 avoid 0\n", "upper 0 1 avoid\nbox\nupper 0 1/4 avoid 0\n"),
            ("facts 2", "facts 3"),
            (_RIGHT, _RIGHT.replace("qed 1 0 1", "qed 1 1 1")),
            (_WRONG, _WRONG.replace("qed 1 0 1", "qed 1 1 1")),
        ),
    ),
    ("lamp", ("class off alternatives 1\nalternative requires forbids 0\n", "class off otherwise\n"), ()),
]
