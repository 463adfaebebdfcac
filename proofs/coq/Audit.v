(** What the headline theorems rest on. [make audit] compares what this prints with [Audit.expected]: nothing but the
    standard library's axioms of the real numbers may appear. *)

From ExactCNN Require Import Construction.

Print Assumptions construction.
Print Assumptions construction_of_plan.
Print Assumptions construction_read.
Print Assumptions convolutional_networks_have_zero_error.
