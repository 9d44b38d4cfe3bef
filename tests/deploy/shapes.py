"""What the manifests may look like: the kinds that we use, as far as we use them, and no field besides.

A shape is a set of words, a regular expression of strings, a type, [shape] for a list, {name: shape} for a mapping,
where a name that ends in "!" has to be there, or Map(shape), whose names are free.
"""

import re


class Map:
    def __init__(self, value):
        self.value = value


NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
LABEL = r"([-a-z0-9.]+/)?[A-Za-z0-9][-A-Za-z0-9_.]*"
LABELS = Map(LABEL)
PATH = r"/[^ ]*"
QUANTITY = r"[0-9]+(m|Ki|Mi|Gi)?"
CIDR = r"([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}"
ADDRESS = r"([0-9]{1,3}\.){3}[0-9]{1,3}"
IMAGE = r"[-a-z0-9./]+(:[-A-Za-z0-9_.]+)?"
DECIMAL = r"[0-9]+"
SECONDS = r"[0-9]+s"

META = {"name!": NAME, "namespace!": NAME, "labels!": LABELS, "annotations": Map(r".*")}
SELECTOR = {"matchLabels!": LABELS}
PROBE = {
    "httpGet!": {"path!": PATH, "port!": NAME},
    "periodSeconds!": int,
    "timeoutSeconds!": int,
    "failureThreshold!": int,
}
RESOURCES = {
    "requests!": {"cpu!": QUANTITY, "memory!": QUANTITY},
    "limits!": {"memory!": QUANTITY},
}
CONTAINER = {
    "name!": NAME,
    "image!": IMAGE,
    "args": [r".+"],
    "restartPolicy": {"Always"},
    "ports": [{"name!": NAME, "containerPort!": int, "protocol!": {"TCP", "UDP"}}],
    "securityContext": {
        "runAsNonRoot": bool,
        "runAsUser": int,
        "runAsGroup": int,
        "allowPrivilegeEscalation!": bool,
        "readOnlyRootFilesystem!": bool,
        "privileged!": bool,
        "capabilities!": {"drop!": [{"ALL"}]},
    },
    "startupProbe": PROBE,
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
    "lifecycle": {"preStop!": {"exec!": {"command!": [r".+"]}}},
    "resources": RESOURCES,
    "volumeMounts": [{"name!": NAME, "mountPath!": PATH, "readOnly!": bool}],
}
POD = {
    "automountServiceAccountToken!": bool,
    "enableServiceLinks": bool,
    "terminationGracePeriodSeconds!": int,
    "dnsPolicy": {"None", "Default", "ClusterFirst"},
    "dnsConfig": {"nameservers!": [ADDRESS], "options": [{"name!": {"edns0", "ndots"}, "value": DECIMAL}]},
    "securityContext!": {
        "runAsNonRoot": bool,
        "runAsUser": int,
        "runAsGroup": int,
        "fsGroup": int,
        "seccompProfile!": {"type!": {"RuntimeDefault"}},
        "sysctls": [{"name!": {"net.ipv4.ip_unprivileged_port_start"}, "value!": DECIMAL}],
    },
    "topologySpreadConstraints": [
        {
            "maxSkew!": int,
            "topologyKey!": {"kubernetes.io/hostname", "topology.kubernetes.io/zone"},
            "whenUnsatisfiable!": {"ScheduleAnyway", "DoNotSchedule"},
            "labelSelector!": SELECTOR,
        }
    ],
    "initContainers": [CONTAINER],
    "containers!": [CONTAINER],
    "volumes": [
        {"name!": NAME, "configMap": {"name!": NAME}, "secret": {"secretName!": NAME, "defaultMode!": int}}
    ],
}

KINDS = {
    ("v1", "ConfigMap"): {"data!": Map(r"(?s).+")},
    ("apps/v1", "Deployment"): {
        "spec!": {
            "replicas": int,
            "revisionHistoryLimit": int,
            "selector!": SELECTOR,
            "strategy": {
                "type!": {"RollingUpdate"},
                "rollingUpdate!": {"maxUnavailable!": int, "maxSurge!": int},
            },
            "template!": {"metadata!": {"labels!": LABELS, "annotations": Map(r".*")}, "spec!": POD},
        }
    },
    ("v1", "Service"): {
        "spec!": {
            "type": {"ClusterIP", "LoadBalancer"},
            "clusterIP": {"None"},
            "externalTrafficPolicy": {"Local"},
            "selector!": LABELS,
            "ports!": [{"name!": NAME, "port!": int, "targetPort!": NAME, "protocol!": {"TCP", "UDP"}}],
        }
    },
    ("policy/v1", "PodDisruptionBudget"): {"spec!": {"maxUnavailable!": int, "selector!": SELECTOR}},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "spec!": {
            "scaleTargetRef!": {"apiVersion!": {"apps/v1"}, "kind!": {"Deployment"}, "name!": NAME},
            "minReplicas!": int,
            "maxReplicas!": int,
            "metrics!": [
                {
                    "type!": {"Pods"},
                    "pods!": {
                        "metric!": {"name!": r"dot_proxy_[a-z_]+"},
                        "target!": {"type!": {"AverageValue"}, "averageValue!": QUANTITY},
                    },
                }
            ],
            "behavior": {
                "scaleDown!": {
                    "stabilizationWindowSeconds!": int,
                    "policies!": [{"type!": {"Pods", "Percent"}, "value!": int, "periodSeconds!": int}],
                }
            },
        }
    },
    ("networking.k8s.io/v1", "NetworkPolicy"): {
        "spec!": {
            "podSelector!": SELECTOR,
            "policyTypes!": [{"Ingress", "Egress"}],
            "ingress!": [
                {
                    "from": [{"namespaceSelector!": SELECTOR}],
                    "ports!": [{"port!": NAME, "protocol!": {"TCP", "UDP"}}],
                }
            ],
            "egress!": [
                {
                    "to!": [{"ipBlock!": {"cidr!": CIDR}}],
                    "ports!": [{"port!": int, "protocol!": {"TCP", "UDP"}}],
                }
            ],
        }
    },
}
for shape in KINDS.values():
    shape.update({"apiVersion!": r".+", "kind!": r".+", "metadata!": META})

SERVICE = {
    "build": r"[./]+",
    "image!": IMAGE,
    "command": [r"--.+"],
    "volumes!": [r"\./[-a-z.]+:/[-a-z/.]+:ro"],
    "ports": [r"[0-9]+:[0-9]+"],
    "read_only!": bool,
    "cap_drop!": [{"ALL"}],
    "security_opt!": [{"no-new-privileges:true"}],
    "sysctls!": {"net.ipv4.ip_unprivileged_port_start!": DECIMAL},
    "restart!": {"unless-stopped"},
    "stop_grace_period": SECONDS,
    "healthcheck": {"disable!": bool},
    "depends_on": [NAME],
    "networks!": [NAME],
}
COMPOSE = {
    "x-copy!": SERVICE,
    "services!": Map(SERVICE),
    "networks!": Map({"ipam!": {"config!": [{"subnet!": CIDR}]}}),
}


def misfits(value, shape, where=""):
    """What of the value is not as the shape says: a list of complaints."""
    if isinstance(shape, set):
        return [] if value in shape else [f"{where}: {value!r} is none of {sorted(shape)}"]
    if isinstance(shape, str):
        fits = isinstance(value, str) and re.fullmatch(shape, value)
        return [] if fits else [f"{where}: {value!r} is not like {shape}"]
    if isinstance(shape, type):
        return [] if type(value) is shape else [f"{where}: {value!r} is no {shape.__name__}"]
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{where}: {value!r} is no list with something in it"]
        return [one for i, item in enumerate(value) for one in misfits(item, shape[0], f"{where}[{i}]")]
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no mapping"]
    if isinstance(shape, Map):
        return [one for name, item in value.items() for one in misfits(item, shape.value, f"{where}.{name}")]
    known = {name.rstrip("!"): item for name, item in shape.items()}
    found = [f"{where}: there is no {name[:-1]}" for name in shape if name.endswith("!") and name[:-1] not in value]
    for name, item in value.items():
        found += misfits(item, known[name], f"{where}.{name}") if name in known else [f"{where}: unknown '{name}'"]
    return found
