(** Networks: layers on images, a global pool, a dense head, logits; zero error.

    A layer is a function from images to images. Widths (numbers of channels) are not part of the meaning: a convolution
    says how many input channels it looks at. *)

From Coq Require Import Reals ZArith List Lra Lia Bool.
From ExactCNN Require Import Sums Images Tasks.
Import ListNotations.
Open Scope R_scope.

(** * Layers *)

(** A sliding window: its size, its steps, and the padding on the four sides. *)
Record geometry := Geometry {
  kernel_rows : Z; kernel_columns : Z;
  down : Z; right : Z;
  top : Z; left : Z; bottom : Z; ending : Z
}.

(** How many positions a window of size [k] has along an axis of length [n]. *)
Definition extent (n k step before after : Z) : Z := ((n + before + after - k) / step + 1)%Z.

(** The image whose pixel at (i, j) is [value] of the corner, in the image below, of the window at (i, j). *)
Definition slide (g : geometry) (x : image) (value : nat -> Z -> Z -> R) : image :=
  Image (extent (height x) (kernel_rows g) (down g) (top g) (bottom g))
        (extent (width x) (kernel_columns g) (right g) (left g) (ending g))
        (fun k i j => value k (i * down g - top g)%Z (j * right g - left g)%Z).

(** The places of the window with its corner at (r, s) that exist. *)
Definition existing (g : geometry) (x : image) (r s : Z) : list (Z * Z) :=
  filter (fun p => insideb x (fst p) (snd p))
         (map (fun p => (r + fst p, s + snd p)%Z) (list_prod (ints (kernel_rows g)) (ints (kernel_columns g)))).

Inductive layer :=
| Conv (inputs : nat) (g : geometry) (weight : nat -> nat -> Z -> Z -> R) (bias : nat -> R)
| Relu
| MaxPool (g : geometry)
| AvgPool (g : geometry).

Definition convolution (inputs : nat) (g : geometry) (weight : nat -> nat -> Z -> Z -> R) (bias : nat -> R)
    (x : image) : image :=
  slide g x (fun k r s =>
    patch_sum inputs (kernel_rows g) (kernel_columns g)
      (fun c i j => weight k c i j * padded x c (r + i)%Z (s + j)%Z) + bias k).

(** Maxima over the places that exist; means over all places, with zeros outside. *)
Definition apply (l : layer) (x : image) : image :=
  match l with
  | Conv inputs g weight bias => convolution inputs g weight bias x
  | Relu => Image (height x) (width x) (fun k i j => relu (pixel x k i j))
  | MaxPool g => slide g x (fun k r s => maximum (map (fun p => pixel x k (fst p) (snd p)) (existing g x r s)))
  | AvgPool g => slide g x (fun k r s =>
      sum (existing g x r s) (fun p => pixel x k (fst p) (snd p)) / IZR (kernel_rows g * kernel_columns g))
  end.

(** * Global pools and heads *)

Inductive pool := GlobalMax | GlobalSum | GlobalMean.

(** From an image to one number a channel. *)
Definition pooled (p : pool) (x : image) (k : nat) : R :=
  let values := map (fun p => pixel x k (fst p) (snd p)) (positions x) in
  match p with
  | GlobalMax => maximum values
  | GlobalSum => sum values (fun v => v)
  | GlobalMean => sum values (fun v => v) / INR (length values)
  end.

Inductive head_layer :=
| Dense (inputs : nat) (weight : nat -> nat -> R) (bias : nat -> R)
| DenseRelu.

Definition apply_head (l : head_layer) (v : nat -> R) : nat -> R :=
  match l with
  | Dense inputs weight bias => fun o => sum (seq 0 inputs) (fun k => weight o k * v k) + bias o
  | DenseRelu => fun o => relu (v o)
  end.

(** * Networks *)

(** What a network reads for the pixel value v: [scale * (v - origin)]. With the identity it reads pixels; with
    origin lo and scale 255/(hi - lo) it reads bytes. *)
Record reading := Reading { origin : R; scale : R }.

Definition read (u : reading) (v : R) : R := scale u * (v - origin u).

Definition pixels : reading := Reading 0 1.

Definition read_image (u : reading) (x : image) : image :=
  Image (height x) (width x) (fun c i j => read u (pixel x c i j)).

Record network := Network { input : reading; stem : list layer; pooling : pool; head : list head_layer }.

(** The images before the first layer, after the first, and so on. *)
Fixpoint activations (layers : list layer) (x : image) : list image :=
  x :: match layers with [] => [] | l :: layers => activations layers (apply l x) end.

Definition stem_output (N : network) (x : image) : image :=
  fold_left (fun x l => apply l x) (stem N) (read_image (input N) x).

Definition logit (N : network) (x : image) : nat -> R :=
  fold_left (fun v l => apply_head l v) (head N) (pooled (pooling N) (stem_output N x)).

(** The network is defined on the image: no layer leaves nothing. *)
Definition defined (N : network) (x : image) : Prop :=
  forall a, In a (activations (stem N) (read_image (input N) x)) -> (1 <= height a)%Z /\ (1 <= width a)%Z.

(** * Zero error *)

(** On the admissible images whose size is in [range], the label's logit leads all others by [margin]. *)
Definition zero_error (T : task) (N : network) (range : Z -> Z -> Prop) (margin : R) : Prop :=
  forall x y, admissible T x -> labelled T x y -> range (height x) (width x) ->
    defined N x /\
    forall z, (z < length (classes T))%nat -> z <> y -> logit N x z + margin <= logit N x y.

Definition every_size (H W : Z) : Prop := True.
