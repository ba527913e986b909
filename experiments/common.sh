# Sourced by the experiments: where things are, stages that are made once, and the loop that most of them share.
#
#   EVIDENCE  folder of the results          (build/evidence)
#   MODEL     the model that improves        (the one that ships)
#   SEEDS     one loop for each of them      (1 2 3)
#   EPISODES  challenger's episodes in each  (500)
#   TRIALS    attempts at each task measured (2)
#   FRESH     folder of the fresh draws      (tiny_model)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
evidence=${EVIDENCE:-$root/build/evidence}
model=${MODEL:-$root/sca/models/tiny}
seeds=${SEEDS:-1 2 3}
episodes=${EPISODES:-500}
attempts=8 # at each task
measured_on=${FRESH:-$root/tiny_model}
trials=${TRIALS:-2} # at each task that is measured on; three seeds make six

# Settings of `sca train` for imitation, whatever is imitated: those that the model's sca.json has for rft.
imitation=(--lr 5e-4 --epochs 4 --batch-size 32 --max-length 1024)

place() { # FOLDER: work there
    mkdir -p "$evidence/$1"
    cd "$evidence/$1"
}

once() { # NAME COMMAND…: run it unless it was run to its end before; each is noted with its seconds
    local name=$1 stamp=.made/$1 began=$SECONDS command
    shift
    command="${*//"$root"/.}" # as it is wherever the project lies
    if [ -f "$stamp" ]; then
        [ "$(cat "$stamp")" = "$command" ] && return
        echo "$PWD: $name was made by another command: $(cat "$stamp"); remove the folder to begin afresh" >&2
        exit 1
    fi
    printf '\n\033[1m%s: %s\033[0m\n' "${PWD#"$evidence/"}" "$*" >&2
    "$@"
    mkdir -p .made
    printf '%s\n' "$command" >"$stamp.part"
    mv "$stamp.part" "$stamp"
    printf '%s %s\n' "$name" $((SECONDS - began)) >>seconds.txt
}

first() { # N FILE OUT: the first lines of a file
    head -n "$1" "$2" >"$3"
}

trained() { # CHECKPOINT: how many attempts it was trained on
    python -c 'import json, sys; print(json.load(open(sys.argv[1]))["counts"]["attempts"])' "$1/training.json"
}

in_environment() { # NAME: what is explored and measured; `data` goes to every stage, `user` where one takes part
    local each
    env=$1
    fresh=$measured_on/held_out.jsonl
    data=() user=() measured=()
    for each in "$root"/environments/*/tasks/test.jsonl; do measured+=(--against "$each"); done
    if [ "$env" = retail ]; then
        fresh=$measured_on/held_out_retail.jsonl
        data=(--data "$root/environments/retail/small")
        user=(--user scripted)
    fi
}

practise() { # SEED: a challenger's tasks, judged, not filtered, without any to measure on; attempts at the valid ones
    once explore sca explore --env "$env" "${data[@]}" -n "$episodes" --seed "$1" --model "$model"
    once validate sca validate tasks.jsonl "${data[@]}" --tasks-per-container 32 --filter none -o judged.jsonl --rejected not_handed_in.jsonl
    once not-fresh python -m experiments.leaks judged.jsonl --same-values --against "$fresh" --clean not_fresh.jsonl
    once clean python -m experiments.leaks not_fresh.jsonl "${measured[@]}" --clean clean.jsonl
    once full sca select clean.jsonl --filter valid -o full.jsonl
    attempt "$1" full
}

attempt() { # SEED NAME: the model's attempts at the tasks NAME.jsonl, in NAME-attempts.jsonl
    if [ "$env" = calculation ]; then # at all tasks: part b compares filters by the attempts at whatever they admit
        once rollout sca rollout clean.jsonl --attempts "$attempts" --seed "$1" --model "$model"
        once "$2-attempts" sca select trajectories.jsonl --tasks "$2.jsonl" -o "$2-attempts.jsonl"
    else
        once "$2-attempts" sca rollout "$2.jsonl" "${data[@]}" "${user[@]}" --attempts "$attempts" --seed "$1" \
            --model "$model" -o "$2-attempts.jsonl"
    fi
}

evaluate() { # SEED NAME MODEL: on fresh draws, sampled and greedy
    local tasks=("${data[@]}" --tasks "$fresh" --model "$3")
    once "$2-fresh" sca eval --env "$env" "${tasks[@]}" "${user[@]}" --trials "$trials" --seed "$1" \
        -o "$2-fresh.jsonl"
    once "$2-greedy" sca eval --env "$env" "${tasks[@]}" "${user[@]}" --temperature 0 --trials 1 -o "$2-greedy.jsonl"
}

evaluate_on_tests() { # SEED NAME MODEL: on the environment's own test tasks
    once "$2-test" sca eval --env "$env" "${user[@]}" --model "$3" --trials "$trials" --seed "$1" -o "$2-test.jsonl"
}
