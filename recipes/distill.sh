#!/usr/bin/env bash
# Distillation as in the paper: a small model learns from all attempts of a larger one (SFT), at tasks that the small
# one wrote, or whom --challenger names.
#
#   recipes/distill.sh --env retail --teacher meta-llama/Llama-3.1-70B-Instruct
#
#   --env NAME|FOLDER    the environment                     --out FOLDER   where the files go (build/recipe)
#   --data FOLDER        its data, if not its own            --dry-run      show the commands
#   --user NAME|scripted who plays the user (the base model)
#   --model NAME|FOLDER  who learns (meta-llama/Llama-3.1-8B-Instruct)
#   --teacher NAME       whose attempts (meta-llama/Llama-3.1-70B-Instruct)
#   --challenger NAME    who writes the tasks (the learner)  --engine NAME  what runs models (vllm)
#   --seed N             where random numbers begin (1)
#   --episodes N         of the challenger (16000)           --tasks N      to practise on, at most (800)
#   --attempts N         at each task (15)                   --gpus N       for engine and training (8)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

make_tasks
practise "$teacher" teacher.jsonl
# The teacher's token ids are its own: where it is of another family, the learner reads the text anew.
stage sca train teacher.jsonl --algo sft --retokenize --model "$model" "${training[@]}" --seed "$seed"
compare
