# Sourced by the recipes: their flags, and stages that can be shown before they are run.
set -euo pipefail
recipe=$(basename "$0")

usage() { # the comment that a recipe begins with
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
}

wrong() {
    echo "$recipe: $1; --help tells more" >&2
    exit 2
}

path() { # as the stages need it, who work in another folder: a folder's whole path, or a name as it is
    if [ -e "$1" ]; then realpath "$1"; else printf '%s\n' "$1"; fi
}

env='' data=() out=build/recipe user=''
model=meta-llama/Llama-3.1-8B-Instruct teacher=meta-llama/Llama-3.1-70B-Instruct challenger=''
gpus=8 engine=vllm episodes=16000 tasks=800 attempts=15 iterations=50 seed=1 dry_run=''
unused=()
while (($#)); do
    case $1 in --dry-run | --help | -h) ;; *)
        [ $# -ge 2 ] || wrong "$1 wants a value"
        usage | grep -qw -e "$1" || unused+=("$1")
        ;;
    esac
    case $1 in
    --env) env=$(path "$2") ;;
    --data) data=(--data "$(path "$2")") ;;
    --out) out=$2 ;;
    --model) model=$(path "$2") ;;
    --teacher) teacher=$(path "$2") ;;
    --challenger) challenger=$(path "$2") ;;
    --user) user=$(path "$2") ;;
    --gpus) gpus=$2 ;;
    --engine) engine=$2 ;;
    --episodes) episodes=$2 ;;
    --tasks) tasks=$2 ;;
    --attempts) attempts=$2 ;;
    --iterations) iterations=$2 ;;
    --seed) seed=$2 ;;
    --dry-run) dry_run=1 && shift && continue ;;
    --help | -h) usage && exit ;;
    *) wrong "unknown flag $1" ;;
    esac
    shift 2
done
for flag in "${unused[@]}"; do echo "$recipe: $flag is another recipe's flag, and changes nothing here" >&2; done
[ -n "$env" ] || wrong "say which environment, as --env retail"
challenger=${challenger:-$model} gpus=${only_gpus:-$gpus}
training=(--bf16) online=(--bf16 --lora --lr 1e-5 --engine "$engine")
if ((gpus > 1)); then training+=(--num-processes "$gpus" --shard) online+=(--num-processes "$gpus"); fi
if [ "$engine" = vllm ]; then online+=(--engine-option gpu_memory_utilization=0.4); fi # the rest is for training
case $user in '') users=() ;; scripted) users=(--user scripted) ;; *) users=(--user-model "$user") ;; esac

by() { # MODEL: sets `served`, the flags that name a model and what runs it
    served=(--model "$1" --engine "$engine")
    [ "$engine" = vllm ] || return 0
    # A model of 70B takes all GPUs together; of a smaller one each GPU runs a copy.
    case $1 in *70[bB]* | *72[bB]*) served+=(--engine-option "tensor_parallel_size=$gpus") ;;
    *) served+=(--engine-option "data_parallel_size=$gpus") ;; esac
    served+=(--engine-option max_model_len=16192)
}

stage() { # COMMAND…: show it; run it unless this is a dry run
    printf '%q ' "$@" >&2
    printf '\n' >&2
    [ -n "$dry_run" ] || "$@"
}

make_tasks() { # the challenger's tasks, those that hold, and of them as many as are practised on
    by "$challenger"
    stage sca explore --env "$env" "${data[@]}" "${served[@]}" -n "$episodes" --seed "$seed"
    stage sca validate tasks.jsonl "${data[@]}" --drop-duplicates
    [ -s practice.jsonl ] || stage sca select validated.jsonl -n "$tasks" --seed "$seed" -o practice.jsonl
}

practise() { # MODEL OUT: its attempts
    by "$1"
    stage sca rollout practice.jsonl "${data[@]}" "${served[@]}" "${users[@]}" --attempts "$attempts" --seed "$seed" -o "$2"
}

compare() { # the model before and after
    local each
    for each in "before:$model" "after:checkpoint"; do
        by "${each#*:}"
        stage sca eval --env "$env" "${data[@]}" "${served[@]}" "${users[@]}" --seed "$seed" -o "${each%%:*}.jsonl"
    done
    stage sca eval --compare before.jsonl after.jsonl
}

if [ -z "$dry_run" ]; then mkdir -p "$out" && cd "$out"; fi
