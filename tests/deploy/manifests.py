#!/usr/bin/env python3
"""The manifests for Kubernetes and Compose: each field is one that we know (shapes.py), what they name is there, and the
proxy takes the options that they give it. Then each of their words is misspelt in turn, and that has to be found.

    manifests.py DEPLOY-FOLDER PROXYSERVER CERTIFICATE KEY
"""

import base64
import copy
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import yaml
except ImportError:
    print("SKIPPED: no python3-yaml")
    sys.exit(1 if "CI" in os.environ else 77)

from shapes import COMPOSE, KINDS, misfits

DEPLOY, PROXY, CERTIFICATE, KEY = Path(sys.argv[1]), *sys.argv[2:5]
STAND_INS = {}  # the files that the manifests mount, by option: real ones


@functools.lru_cache(maxsize=None)
def proxy_says(arguments):
    """None, or why the proxy does not take these arguments. Files are its own to complain about, but not here."""
    for command in ("--print-config", "--check"):
        done = subprocess.run([PROXY, *arguments, command], capture_output=True, text=True, timeout=60, check=False)
        lines = [line for line in done.stdout.splitlines() if re.match("error +(?!trust store)", line)]
        if done.returncode == 1 or (command == "--check" and lines):
            return done.stderr.strip() or "; ".join(lines)
    return None


def settings(words, config=None):
    """Pairs of name and value, of --name=value, or of a file's lines."""
    if config is None:
        return [tuple((word[2:].split("=", 1) + [""])[:2]) for word in words]
    lines = (re.sub(r"(^|\s)#.*", "", line).split(None, 1) for line in config.splitlines())
    return [(line[0], line[1].strip() if len(line) > 1 else "") for line in lines if line]


def option_faults(given, mounts, where):
    """Of the options alone: that they are taken, and that the files that they name are mounted."""
    arguments = []
    for name, value in given:
        if name in STAND_INS:
            if str(Path(value).parent) not in mounts:
                yield f"{where}: --{name} {value} is in no volume"
            value = STAND_INS[name]
        arguments.append(f"--{name}={value}" if value else f"--{name}")
    complaint = proxy_says(tuple(arguments))
    if complaint:
        yield f"{where}: {complaint}"


def values(given, name):
    return [value for option, value in given if option == name]


def address_of(uri):
    """Host and port; of what is no address, the port 0."""
    parts = re.fullmatch(r"(?:.*://)?([^:#]*)(?::([0-9]+))?(?:#.*)?", uri)
    if parts is None:
        return "", 0
    host, port = parts.groups()
    return host, int(port) if port else 853 if "tls:" in uri else 53


def port_of(uri):
    return address_of(uri)[1]


def seconds_of(time):
    return int(time.rstrip("s"))


# ---- Kubernetes -----------------------------------------------------------------------------------------------------


def is_below(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


def security_faults(spec, container, where):
    merged = {**spec["securityContext"], **container.get("securityContext", {})}
    wanted = {
        "runAsNonRoot": True,
        "runAsUser": 853,
        "runAsGroup": 853,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
    }
    for name, value in wanted.items():
        if merged.get(name) != value:
            yield f"{where}: {name} is not {value}"
    if spec["automountServiceAccountToken"] is not False:
        yield f"{where}: it gets a token of the API's"


def options_of(container, spec, config_maps):
    """The proxy's settings, out of the arguments or of the file in a ConfigMap; and complaints."""
    mounts = {one["mountPath"]: one for one in container.get("volumeMounts", [])}
    args = container["args"]
    if args[0] != "--config":
        return settings(args), []
    path = Path(args[1])
    mount = mounts.get(str(path.parent))
    if len(args) != 2 or mount is None:
        return [], [f"{args} names no file that is mounted"]
    volume = next((one for one in spec.get("volumes", []) if one["name"] == mount["name"]), {})
    text = config_maps.get(volume.get("configMap", {}).get("name"), {}).get(path.name)
    return ([], [f"{path.name} is in no ConfigMap"]) if text is None else (settings([], text), [])


def volume_faults(spec, container, given, secrets):
    volumes = {one["name"]: one for one in spec.get("volumes", [])}
    mounted = {one["name"]: one["mountPath"] for one in container.get("volumeMounts", [])}
    for name in volumes.keys() ^ mounted.keys():
        yield f"volume {name}: not there, or not mounted"
    for one in container.get("volumeMounts", []):
        if not one["readOnly"]:
            yield f"volume {one['name']}: it can be written"
    for name, volume in volumes.items():
        if len(volume) != 2:
            yield f"volume {name}: of what?"
        if "secret" not in volume:
            continue
        secret = volume["secret"]
        if secret["defaultMode"] != 0o440 or spec["securityContext"].get("fsGroup") != 853:
            yield f"volume {name}: not for the proxy's group alone to read"
        files = secrets.get(secret["secretName"], set())
        used = {Path(v).name for n, v in given if n in STAND_INS and str(Path(v).parent) == mounted.get(name)}
        if not used or not used <= files:
            yield f"volume {name}: the proxy reads {sorted(used)}, the commands make {sorted(files)}"


def secrets_made(text):
    """The Secrets that the commands in the comments make: the files in each."""
    made = {}
    for kind, name, rest in re.findall(r"^# +kubectl .*create secret (tls|generic) (\S+)(.*)$", text, re.M):
        made[name] = {"tls.crt", "tls.key"} if kind == "tls" else set(re.findall(r"--from-file=(\S+)", rest))
    return made


def proxy_faults(pod_spec, container, config_maps, secrets, objects, labels):
    where = f"container {container['name']}"
    yield from security_faults(pod_spec, container, where)
    given, wrong = options_of(container, pod_spec, config_maps)
    yield from wrong
    if wrong:
        return
    mounts = [one["mountPath"] for one in container.get("volumeMounts", [])]
    wrong = list(option_faults(given, mounts, where))
    if wrong:
        return (yield from wrong)
    yield from volume_faults(pod_spec, container, given, secrets)
    listens = values(given, "listen")
    beyond = [uri for uri in listens if "127.0.0.1" not in uri]
    served = sorted(port_of(uri) for uri in beyond + values(given, "metrics"))
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    if sorted(ports.values()) != served:
        yield f"{where}: it serves {served}, and says {ports}"
    if any(one["protocol"] != "TCP" for one in container["ports"]):
        yield f"{where}: a port is not TCP's"
    if not listens or min(port_of(uri) for uri in listens) < 1024:
        if {"name": "net.ipv4.ip_unprivileged_port_start", "value": "53"} not in pod_spec["securityContext"].get("sysctls", []):
            yield f"{where}: it may not have a port below 1024"
    if [uri for uri in listens if uri not in beyond] and pod_spec.get("dnsConfig", {}).get("nameservers") != ["127.0.0.1"]:
        yield f"{where}: nobody is told to ask it"
    if pod_spec.get("dnsPolicy", "None") != "None" or "dnsConfig" in pod_spec and "dnsPolicy" not in pod_spec:
        yield f"{where}: others are asked, too (dnsPolicy)"

    for kind, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/ready")):
        probe = container.get(kind)
        if probe is None:
            continue
        if probe["httpGet"] != {"path": path, "port": next((n for n in ports if "metrics" in n), None)}:
            yield f"{where}: {kind} is not {path} at the metrics' port"
        if path == "/ready" and probe["timeoutSeconds"] <= 3:
            yield f"{where}: {kind} does not wait for a trial of three seconds"
    if "livenessProbe" not in container or not {"readinessProbe", "startupProbe"} & container.keys():
        yield f"{where}: a probe is missing"
    if "restartPolicy" in container and container not in pod_spec.get("initContainers", []):
        yield f"{where}: only an init container has a restartPolicy"

    pre_stop = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])
    if pre_stop[0] != "sleep" or not re.fullmatch("[0-9]+", pre_stop[1]):
        return (yield f"{where}: {pre_stop} before it stops")
    needs = int(pre_stop[1]) + seconds_of((values(given, "drain-timeout") or ["10s"])[0])
    if pod_spec["terminationGracePeriodSeconds"] < needs + 5:
        yield f"{where}: it needs {needs} s to stop, and some to spare"

    for policy in objects.get("NetworkPolicy", []):
        if not is_below(policy["spec"]["podSelector"]["matchLabels"], labels):
            continue
        let_out = {
            (to["ipBlock"]["cidr"], port["port"])
            for rule in policy["spec"]["egress"]
            for to in rule["to"]
            for port in rule["ports"]
            if port["protocol"] == "TCP"
        }
        asked = {(f"{host}/32", port) for host, port in map(address_of, values(given, "upstream"))}
        if let_out != asked:
            yield f"NetworkPolicy: it lets out {sorted(let_out)}, the proxy asks {sorted(asked)}"
        if sorted(policy["spec"]["policyTypes"]) != ["Egress", "Ingress"]:
            yield "NetworkPolicy: it is for one direction only"
        let_in = [(port["port"], "from" in rule) for rule in policy["spec"]["ingress"] for port in rule["ports"]]
        if sorted(let_in) != [("dot", False), ("metrics", True)]:
            yield f"NetworkPolicy: it lets in {let_in}"


def kubernetes_faults(documents, text):
    faults = []
    for one in documents:
        shape = KINDS.get((one.get("apiVersion"), one.get("kind"))) if isinstance(one, dict) else None
        if shape is None:
            faults.append(f"{one.get('apiVersion')} {one.get('kind')}: not a kind that we know")
        else:
            faults += misfits(one, shape, one["kind"])
    return faults or list(cross_faults(documents, text))


def cross_faults(documents, text):
    objects = {}
    for one in documents:
        objects.setdefault(one["kind"], []).append(one)
        labels = one["metadata"]["labels"]
        if list(labels) != ["app.kubernetes.io/name"]:
            yield f"{one['kind']}: its labels are {labels}"
    names = [(one["kind"], one["metadata"]["name"]) for one in documents]
    if len(set(names)) != len(names):
        yield "two have one name"
    if len({one["metadata"]["namespace"] for one in documents}) != 1:
        yield "not all are in one namespace"
    namespaces = set(re.findall(r"^# +kubectl -n (\S+) create", text, re.M))
    if namespaces - {documents[0]["metadata"]["namespace"]}:
        yield "the commands make Secrets in another namespace"

    (deployment,) = objects["Deployment"]
    template = deployment["spec"]["template"]
    labels, pod_spec = template["metadata"]["labels"], template["spec"]
    selectors = [deployment["spec"]["selector"]["matchLabels"]]
    selectors += [one["spec"]["selector"] for one in objects.get("Service", [])]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in objects.get("PodDisruptionBudget", [])]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in objects.get("NetworkPolicy", [])]
    selectors += [one["labelSelector"]["matchLabels"] for one in pod_spec.get("topologySpreadConstraints", [])]
    for selector in selectors:
        if not is_below(selector, labels):
            yield f"{selector} selects no pod"
    for one in documents:
        if one["metadata"]["labels"] != labels:
            yield f"{one['kind']}: its labels are not those of the pods"

    containers = pod_spec.get("initContainers", []) + pod_spec["containers"]
    ports = {port["name"] for one in containers for port in one.get("ports", [])}
    for service in objects.get("Service", []):
        spec = service["spec"]
        for port in spec["ports"]:
            if port["targetPort"] not in ports or port["name"] != port["targetPort"] or port["protocol"] != "TCP":
                yield f"Service: no pod has the port {port}"
        if spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") != "Local":
            yield "Service: the client's address gets lost"
        if ("clusterIP" in spec) == ("type" in spec):
            yield "Service: neither headless, nor of a type; or both"
    annotations = template["metadata"].get("annotations", {})
    numbers = {str(port["containerPort"]) for one in containers for port in one.get("ports", [])}
    if annotations and (
        set(annotations) != {"prometheus.io/scrape", "prometheus.io/port"}
        or annotations["prometheus.io/scrape"] != "true"
        or annotations["prometheus.io/port"] not in numbers
    ):
        yield f"{annotations} lead Prometheus nowhere"

    for scaler in objects.get("HorizontalPodAutoscaler", []):
        spec = scaler["spec"]
        if spec["scaleTargetRef"]["name"] != deployment["metadata"]["name"] or "replicas" in deployment["spec"]:
            yield "HorizontalPodAutoscaler: it scales nothing, or something else does, too"
        if not 2 <= spec["minReplicas"] < spec["maxReplicas"]:
            yield "HorizontalPodAutoscaler: from how many to how many?"
        for metric in spec["metrics"]:
            if metric["pods"]["metric"]["name"] not in ours():
                yield f"HorizontalPodAutoscaler: {metric['pods']['metric']['name']} is no metric of ours"
    for policy in objects.get("NetworkPolicy", []):
        for rule in policy["spec"]["ingress"]:
            for peer in rule.get("from", []):
                if list(peer["namespaceSelector"]["matchLabels"]) != ["kubernetes.io/metadata.name"]:
                    yield f"NetworkPolicy: {peer} has no name of a namespace"

    config_maps = {one["metadata"]["name"]: one["data"] for one in objects.get("ConfigMap", [])}
    proxies = [one for one in containers if "dns-over-tls" in one["image"]]
    if len(proxies) != 1:
        yield "there is not one container of the proxy's"
    for one in proxies:
        yield from proxy_faults(pod_spec, one, config_maps, secrets_made(text), objects, labels)


@functools.lru_cache(maxsize=None)
def ours():
    """Our metrics, by the manual."""
    return set(re.findall(r"^\.It Li (dot_proxy_[a-z_]+)", (DEPLOY / "../proxyserver.8").read_text(), re.M))


# ---- Compose ----------------------------------------------------------------------------------------------------------


def compose_itself():
    """What docker-compose says of its file, where it is at hand: it has a schema of its own."""
    if not shutil.which("docker-compose"):
        return []
    done = subprocess.run(
        ["docker-compose", "-f", DEPLOY / "compose.yaml", "config", "-q"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return [f"compose.yaml: {done.stderr.strip()}"] if done.returncode != 0 else []


def compose_faults(documents, text):
    (compose,) = documents
    return misfits(compose, COMPOSE, "compose") or list(compose_cross_faults(compose, text))


def compose_cross_faults(compose, text):
    services = compose["services"]
    servers = re.findall(r'^\s*server (\S+) "\$\{\w+-(\w+):([0-9]+)\}"', (DEPLOY / "haproxy.cfg").read_text(), re.M)
    copies = {name: one for name, one in services.items() if "haproxy" not in one["image"]}
    if sorted(copies) != sorted(host for _, host, _ in servers):
        yield f"haproxy.cfg has {servers}, and there are {sorted(copies)}"
    for name, one in services.items():
        if not set(one.get("depends_on", [])) <= services.keys() or not set(one["networks"]) <= compose["networks"].keys():
            yield f"{name}: it names what is not there"
        if one["read_only"] is not True or one["sysctls"] != {"net.ipv4.ip_unprivileged_port_start": "53"}:
            yield f"{name}: it may more than it should, or less than it must"
    balancers = [one for name, one in services.items() if name not in copies]
    if len(balancers) != 1 or sorted(balancers[0].get("depends_on", [])) != sorted(copies):
        return (yield "not one haproxy, which starts after the copies")
    (balancer,) = balancers
    if balancer["volumes"] != ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"] or balancer.get("ports") != ["853:853"]:
        yield "haproxy: without its file, or its port"
    (network,) = compose["networks"].values()
    for name, one in [*copies.items(), ("x-copy", compose["x-copy"])]:
        given = settings(one.get("command", []))
        mounts = [volume.split(":")[1] for volume in one["volumes"]]
        wrong = list(option_faults(given, mounts, name))
        if wrong:
            return (yield from wrong)
        for option, value in given:
            if option in STAND_INS and not re.search(rf"^#.*\b{re.escape(Path(value).name)}\b", text, re.M):
                yield f"{name}: nobody is told to make {value}"
        if {port_of(uri) for uri in values(given, "listen")} != {int(port) for _, _, port in servers}:
            yield f"{name}: haproxy comes to another port"
        if values(given, "proxy-from") != [network["ipam"]["config"][0]["subnet"]]:
            yield f"{name}: it does not believe haproxy"
        if one.get("healthcheck") != {"disable": True}:
            yield f"{name}: the image's health check asks where nobody listens"
        if (DEPLOY / one.get("build", "none")).resolve() != DEPLOY.resolve().parents[1]:
            yield f"{name}: built of what?"
        drain = seconds_of((values(given, "drain-timeout") or ["10s"])[0])
        if seconds_of(one.get("stop_grace_period", "10s")) < drain + 5:
            yield f"{name}: it is killed while it drains"


# ---- Misspellings -------------------------------------------------------------------------------------------------------


def misspellings(value, path=()):
    """Each key, and each word and number, a little different, in turn: (path, change)."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield path, ("key", key)
            yield from misspellings(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from misspellings(item, (*path, i))
    elif isinstance(value, str):
        for i, line in enumerate(value.splitlines()):
            if not line.startswith("#"):
                yield path, ("word", i)


def misspelt(document, path, change):
    document = copy.deepcopy(document)
    at = document
    for step in path if change[0] == "key" else path[:-1]:
        at = at[step]
    if change[0] == "key":
        at[change[1] + "x"] = at.pop(change[1])
        return document
    lines = at[path[-1]].split("\n")
    word = lines[change[1]]
    # Of an option the name: what it is given is the reader's to say.
    option = re.match(r"--[-a-z]+=" if len(lines) == 1 else r"[-a-z]+ ", word)
    end = option.end() - 1 if option else len(word) - 1
    lines[change[1]] = word[:end] + ("x" if word[end] != "x" else "y") + word[end + (not option) :]
    at[path[-1]] = "\n".join(lines)
    return document


# What is free to be otherwise: images and their tags, quantities; a name elsewhere in the cluster; a description.
FREE = re.compile(
    r"image$|\.(cpu|memory|averageValue)$|namespaceSelector\.matchLabels\.|metadata\.(name|namespace)$"
    r"|[cC]ontainers\.\d+\.name$"
)


def find_misspellings(name, documents, text, faults):
    tried = 0
    for i, document in enumerate(documents):
        for path, change in misspellings(document):
            where = ".".join(map(str, (*path, change[1]) if change[0] == "key" else path))
            line = f" (line {change[1]})" if change[0] == "word" and change[1] else ""
            # x-copy is what the copies are made of, and tried there.
            if FREE.search(where) and change[0] == "word" or where.startswith("x-copy.") or where == "services.haproxy":
                continue
            tried += 1
            changed = [*documents[:i], misspelt(document, path, change), *documents[i + 1 :]]
            noticed = faults(changed, text)
            if not noticed:
                yield f"{name}: nobody notices that {where}{line} is misspelt"
    print(f"{name}: {tried} misspellings tried")


def main():
    with tempfile.TemporaryDirectory() as folder:
        tickets = Path(folder) / "tickets"
        tickets.touch(mode=0o600)
        tickets.write_text(base64.b64encode(os.urandom(80)).decode() + "\n")
        STAND_INS.update({"cert": CERTIFICATE, "key": KEY, "ticket-key-file": str(tickets)})
        found = compose_itself()
        for name, faults in (
            ("kubernetes.yaml", kubernetes_faults),
            ("kubernetes-sidecar.yaml", kubernetes_faults),
            ("compose.yaml", compose_faults),
        ):
            text = (DEPLOY / name).read_text()
            documents = list(yaml.safe_load_all(text))
            wrong = faults(documents, text)
            found += [f"{name}: {one}" for one in wrong] or list(find_misspellings(name, documents, text, faults))
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
