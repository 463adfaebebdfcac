(** What the headline theorems say and rest on. [make audit] compares what this prints with [Audit.expected]: nothing but
    the standard library's axioms of the real numbers may appear. *)

From ExactCNN Require Import Tasks Networks Construction Numbers Soundness Examples Axis.

Check convolutional_networks_have_zero_error.
Print Assumptions convolutional_networks_have_zero_error.

Check construction.
Print Assumptions construction.

Check construction_read.
Print Assumptions construction_read.

Check construction_of_plan.
Print Assumptions construction_of_plan.

Check Lamp.check_sound.
Print Assumptions Lamp.check_sound.

Check lamp_solved.
Print Assumptions lamp_solved.

Check kinds_complete.
Print Assumptions kinds_complete.

Check sight_classes_complete.
Print Assumptions sight_classes_complete.
