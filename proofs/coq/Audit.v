(** What the headline theorems say and rest on. [make audit] compares what this prints with [Audit.expected]: nothing
    but the standard library's axioms of the real numbers may appear. *)

From Coq Require Import Reals ZArith List.
From ExactCNN Require Import Images Tasks Networks Construction Axis Numbers Examples WitnessExamples RoundingExamples.

(** The paper's theorem, and the network that is built. *)
Check convolutional_networks_have_zero_error.
Print Assumptions convolutional_networks_have_zero_error.

Check construction.
Print Assumptions construction.

Check construction_read.
Print Assumptions construction_read.

Check construction_of_plan.
Print Assumptions construction_of_plan.

(** The kernel: its rules, its border kinds, and whole certificates. *)
Check Exact.Logits.Positions.Meaning.Rules.check_sound.
Print Assumptions Exact.Logits.Positions.Meaning.Rules.check_sound.

Check kinds_complete.
Print Assumptions kinds_complete.

Check sight_classes_complete.
Print Assumptions sight_classes_complete.

Check Exact.check_instance_sound.
Print Assumptions Exact.check_instance_sound.

(** The lamp of FORMAT.md. *)
Check lamp_solved.
Print Assumptions lamp_solved.

Check lamp_zero_error.
Print Assumptions lamp_zero_error.

(** A sum and a mean. *)
Check sum_zero_error.
Print Assumptions sum_zero_error.

Check mean_zero_error.
Print Assumptions mean_zero_error.

(** The evaluator, and certificates with their witnesses. *)
Check Witnessed.Evaluated.evaluated_logits.
Print Assumptions Witnessed.Evaluated.evaluated_logits.

Check Witnessed.Evaluated.admissibleb_spec.
Print Assumptions Witnessed.Evaluated.admissibleb_spec.

Check Witnessed.Evaluated.label_of_spec.
Print Assumptions Witnessed.Evaluated.label_of_spec.

Check Witnessed.check_certificate_sound.
Print Assumptions Witnessed.check_certificate_sound.

Check lamp_witnessed.
Print Assumptions lamp_witnessed.

(** Float32: that executions exist, how far they are off, and certificates of what is computed. *)
Check Executions.execution_exists.
Print Assumptions Executions.execution_exists.

Check Rounded.error_bound_sound.
Print Assumptions Rounded.error_bound_sound.

Check Rounded.check_float_sound.
Print Assumptions Rounded.check_float_sound.

Check lamp_computed_in_steps.
Print Assumptions lamp_computed_in_steps.
