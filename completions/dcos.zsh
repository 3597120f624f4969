#compdef dcos
autoload -U +X bashcompinit && bashcompinit
# Completion of dcos for zsh, generated from its command table.
_dcos() {
  local cur="${COMP_WORDS[COMP_CWORD]}" at="" word candidates="" flags=""
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    case " agent cluster cluster/attach cluster/list cluster/remove cluster/rename cluster/setup config config/keys config/set config/show config/unset config/validate help marathon marathon/about marathon/app marathon/app/add marathon/app/kill marathon/app/list marathon/app/remove marathon/app/restart marathon/app/show marathon/app/start marathon/app/stop marathon/app/update marathon/app/version marathon/app/version/list marathon/debug marathon/debug/details marathon/debug/list marathon/debug/summary marathon/delay marathon/delay/reset marathon/deployment marathon/deployment/list marathon/deployment/rollback marathon/deployment/stop marathon/deployment/watch marathon/group marathon/group/add marathon/group/list marathon/group/remove marathon/group/scale marathon/group/show marathon/group/update marathon/leader marathon/leader/delete marathon/leader/show marathon/ping marathon/task marathon/task/kill marathon/task/list marathon/task/show marathon/task/stop master node node/deactivate node/decommission node/dns node/drain node/list node/reactivate package package/describe package/install package/list package/repo package/repo/add package/repo/list package/repo/remove package/search package/uninstall quota quota/create quota/delete quota/get quota/list quota/update service service/list service/shutdown task task/attach task/download task/exec task/list task/log task/ls up " in
      *" ${at:+${at// //}/}$word "*) at="${at:+$at }$word" ;;
    esac
  done
  case "$at" in
    "")
      candidates="agent cluster config help marathon master node package quota service task up"; flags="--help"
      ;;
    "agent")
      candidates=""; flags="--config= --master= --join-token= --work-dir= --ip= --advertise-ip= --hostname= --port= --resources= --default-role= --nvidia-gpu-devices= --domain= --reconfiguration-policy= --recover= --strict --attributes= --registration-backoff-factor= --executor-registration-timeout= --executor-reregistration-timeout= --executor-shutdown-grace-period= --executor-environment-variables= --switch-user --authenticate-http-executors --jwt-secret-key= --http-executor-domain-sockets --domain-socket-location= --recovery-timeout= --gc-delay= --gc-disk-headroom= --gc-non-executor-container-sandboxes --disk-watch-interval= --max-completed-executors-per-framework= --launch-timeout= --fetcher-cache-dir= --fetcher-cache-size= --fetcher-stall-timeout= --frameworks-home= --hadoop-home= --fetcher-s3-endpoint= --fetcher-s3-region= --fetcher-s3-access-key= --fetcher-s3-secret-key= --container-disk-watch-interval= --enforce-container-disk-quota --enforce-container-memory --container-ports-watch-interval= --enforce-container-ports --check-agent-port-range-only --container-ports-isolated-range= --isolation= --csi-plugin-config-dir= --host-path-volume-force-creation= --containerizers= --launcher= --image-providers= --docker-store-dir= --docker-registry= --image-provisioner-backend= --sandbox-directory= --docker-config= --image-gc-config= --cgroups-root= --cgroups-enable-cfs --cgroups-net-cls-primary-handle= --cgroups-net-cls-secondary-handles= --cgroups-limit-swap --seccomp-config-dir= --seccomp-profile-name= --effective-capabilities= --bounding-capabilities= --allowed-devices= --default-container-shm-size= --disallow-sharing-agent-pid-namespace --disallow-sharing-agent-ipc-namespace --container-pids-limit= --network-cni-config-dir= --network-cni-plugins-dir= --docker-kill-orphans --docker-remove-delay= --default-container-dns= --docker-socket= --insecure-api --log-level= --help"
      ;;
    "cluster")
      candidates="attach list remove rename setup"; flags="--help"
      ;;
    "cluster attach")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos cluster list --names 2>/dev/null)"
      ;;
    "cluster list")
      candidates=""; flags="--attached --json --help"
      ;;
    "cluster remove")
      candidates=""; flags="--all --unavailable --help"
      [[ $cur == -* ]] || candidates="$(dcos cluster list --names 2>/dev/null)"
      ;;
    "cluster rename")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos cluster list --names 2>/dev/null)"
      ;;
    "cluster setup")
      candidates=""; flags="--name= --insecure --no-check --ca-certs= --no-timeout --help"
      ;;
    "config")
      candidates="keys set show unset validate"; flags="--help"
      ;;
    "config keys")
      candidates=""; flags="--quiet --help"
      ;;
    "config set")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos config keys --quiet 2>/dev/null)"
      ;;
    "config show")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos config keys --quiet 2>/dev/null)"
      ;;
    "config unset")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos config keys --quiet 2>/dev/null)"
      ;;
    "config validate")
      candidates=""; flags="--help"
      ;;
    "help")
      candidates=""; flags="--help"
      ;;
    "marathon")
      candidates="about app debug delay deployment group leader ping task"; flags="--help"
      ;;
    "marathon about")
      candidates=""; flags="--help"
      ;;
    "marathon app")
      candidates="add kill list remove restart show start stop update version"; flags="--help"
      ;;
    "marathon app add")
      candidates=""; flags="--help"
      ;;
    "marathon app kill")
      candidates=""; flags="--scale --host= --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app list")
      candidates=""; flags="--json --quiet --help"
      ;;
    "marathon app remove")
      candidates=""; flags="--force --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app restart")
      candidates=""; flags="--force --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app show")
      candidates=""; flags="--app-version= --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app start")
      candidates=""; flags="--force --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app stop")
      candidates=""; flags="--force --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app update")
      candidates=""; flags="--force --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon app version")
      candidates="list"; flags="--help"
      ;;
    "marathon app version list")
      candidates=""; flags="--max-count= --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon debug")
      candidates="details list summary"; flags="--help"
      ;;
    "marathon debug details")
      candidates=""; flags="--json --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon debug list")
      candidates=""; flags="--json --help"
      ;;
    "marathon debug summary")
      candidates=""; flags="--json --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon delay")
      candidates="reset"; flags="--help"
      ;;
    "marathon delay reset")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon deployment")
      candidates="list rollback stop watch"; flags="--help"
      ;;
    "marathon deployment list")
      candidates=""; flags="--json --quiet --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon deployment rollback")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos marathon deployment list --quiet 2>/dev/null)"
      ;;
    "marathon deployment stop")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos marathon deployment list --quiet 2>/dev/null)"
      ;;
    "marathon deployment watch")
      candidates=""; flags="--max-count= --interval= --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon deployment list --quiet 2>/dev/null)"
      ;;
    "marathon group")
      candidates="add list remove scale show update"; flags="--help"
      ;;
    "marathon group add")
      candidates=""; flags="--id= --help"
      ;;
    "marathon group list")
      candidates=""; flags="--json --help"
      ;;
    "marathon group remove")
      candidates=""; flags="--force --help"
      ;;
    "marathon group scale")
      candidates=""; flags="--force --help"
      ;;
    "marathon group show")
      candidates=""; flags="--group-version= --help"
      ;;
    "marathon group update")
      candidates=""; flags="--force --help"
      ;;
    "marathon leader")
      candidates="delete show"; flags="--help"
      ;;
    "marathon leader delete")
      candidates=""; flags="--help"
      ;;
    "marathon leader show")
      candidates=""; flags="--json --help"
      ;;
    "marathon ping")
      candidates=""; flags="--once --help"
      ;;
    "marathon task")
      candidates="kill list show stop"; flags="--help"
      ;;
    "marathon task kill")
      candidates=""; flags="--scale --wipe --json --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon task list --quiet 2>/dev/null)"
      ;;
    "marathon task list")
      candidates=""; flags="--json --quiet --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon app list --quiet 2>/dev/null)"
      ;;
    "marathon task show")
      candidates=""; flags="--help"
      [[ $cur == -* ]] || candidates="$(dcos marathon task list --quiet 2>/dev/null)"
      ;;
    "marathon task stop")
      candidates=""; flags="--wipe --help"
      [[ $cur == -* ]] || candidates="$(dcos marathon task list --quiet 2>/dev/null)"
      ;;
    "master")
      candidates=""; flags="--config= --work-dir= --cluster= --ip= --advertise-ip= --hostname= --port= --marathon-port= --router-port= --insecure-api --domain= --agent-ping-timeout= --max-agent-ping-timeouts= --agent-reregister-timeout= --registry-gc-interval= --registry-store-timeout= --registry-max-agent-age= --registry-max-agent-count= --offer-timeout= --allocation-interval= --agent-removal-rate-limit= --recovery-agent-removal-limit= --require-agent-domain --min-allocatable-resources= --fair-sharing-excluded-resource-names= --role-sorter= --framework-sorter= --filter-gpu-resources --allocator-agent-recovery-factor= --allocator-recovery-timeout= --whitelist= --roles= --weights= --root-submissions --max-completed-frameworks= --max-completed-tasks-per-framework= --max-unreachable-tasks-per-framework= --max-operator-event-stream-subscribers= --log-level= --help"
      ;;
    "node")
      candidates="deactivate decommission dns drain list reactivate"; flags="--help"
      ;;
    "node deactivate")
      candidates=""; flags="--help"
      ;;
    "node decommission")
      candidates=""; flags="--help"
      ;;
    "node dns")
      candidates=""; flags="--json --help"
      ;;
    "node drain")
      candidates=""; flags="--decommission --max-grace-period= --wait --help"
      ;;
    "node list")
      candidates=""; flags="--json --field= --mesos-id= --help"
      ;;
    "node reactivate")
      candidates=""; flags="--help"
      ;;
    "package")
      candidates="describe install list repo search uninstall"; flags="--help"
      ;;
    "package describe")
      candidates=""; flags="--app --app-id= --cli --config --options= --package-version= --package-versions --render --help"
      [[ $cur == -* ]] || candidates="$(dcos package search --names 2>/dev/null)"
      ;;
    "package install")
      candidates=""; flags="--app --app-id= --cli --options= --package-version= --yes --help"
      [[ $cur == -* ]] || candidates="$(dcos package search --names 2>/dev/null)"
      ;;
    "package list")
      candidates=""; flags="--app-id= --cli --json --help"
      ;;
    "package repo")
      candidates="add list remove"; flags="--help"
      ;;
    "package repo add")
      candidates=""; flags="--index= --help"
      ;;
    "package repo list")
      candidates=""; flags="--json --help"
      ;;
    "package repo remove")
      candidates=""; flags="--help"
      ;;
    "package search")
      candidates=""; flags="--json --help"
      ;;
    "package uninstall")
      candidates=""; flags="--all --app --app-id= --cli --yes --help"
      ;;
    "quota")
      candidates="create delete get list update"; flags="--help"
      ;;
    "quota create")
      candidates=""; flags="--cpu= --mem= --disk= --gpu= --force --help"
      ;;
    "quota delete")
      candidates=""; flags="--help"
      ;;
    "quota get")
      candidates=""; flags="--json --help"
      ;;
    "quota list")
      candidates=""; flags="--json --help"
      ;;
    "quota update")
      candidates=""; flags="--cpu= --mem= --disk= --gpu= --force --help"
      ;;
    "service")
      candidates="list shutdown"; flags="--help"
      ;;
    "service list")
      candidates=""; flags="--json --completed --inactive --quiet --help"
      ;;
    "service shutdown")
      candidates=""; flags="--yes --help"
      [[ $cur == -* ]] || candidates="$(dcos service list --id-only 2>/dev/null)"
      ;;
    "task")
      candidates="attach download exec list log ls"; flags="--help"
      ;;
    "task attach")
      candidates=""; flags="--no-stdin --help"
      [[ $cur == -* ]] || candidates="$(dcos task list --quiet 2>/dev/null)"
      ;;
    "task download")
      candidates=""; flags="--target-dir= --help"
      [[ $cur == -* ]] || candidates="$(dcos task list --quiet 2>/dev/null)"
      ;;
    "task exec")
      candidates=""; flags="--interactive --tty --user= --help"
      [[ $cur == -* ]] || candidates="$(dcos task list --quiet 2>/dev/null)"
      ;;
    "task list")
      candidates=""; flags="--all --completed --agent-id= --json --quiet --help"
      ;;
    "task log")
      candidates=""; flags="--all --completed --follow --lines= --help"
      [[ $cur == -* ]] || candidates="$(dcos task list --quiet 2>/dev/null)"
      ;;
    "task ls")
      candidates=""; flags="--long --all --completed --help"
      [[ $cur == -* ]] || candidates="$(dcos task list --quiet 2>/dev/null)"
      ;;
    "up")
      candidates=""; flags="--work-dir= --port= --marathon-port= --router-port= --agent-port= --resources= --attributes= --docker-socket= --launcher= --agent-ping-timeout= --max-agent-ping-timeouts= --agent-reregister-timeout= --log-level= --help"
      ;;
  esac
  if [[ $cur == -* ]]; then candidates="$flags"; fi
  local IFS=$' \t\n'
  COMPREPLY=($(compgen -W "$candidates" -- "$cur"))
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _dcos dcos
