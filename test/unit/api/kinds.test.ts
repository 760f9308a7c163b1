// Every kind as Kubernetes 1.33 serves it: names, scope, verbs, subresources and what can be selected by. One line a kind:
// version plural Kind scope verbs short,names/categories | subresource[=kind]:verbs … | fields beside metadata's
import { Discovery } from '../../../master/apiserver/discovery.ts';
import { allResources } from '../../../src/api/index.ts';

const facts = `
v1 bindings Binding N create -
v1 componentstatuses ComponentStatus C get,list cs
v1 configmaps ConfigMap N * cm
v1 endpoints Endpoints N * ep
v1 events Event N * ev | | involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type
v1 limitranges LimitRange N * limits
v1 namespaces Namespace C *-deletecollection ns | finalize:update status:rw | status.phase
v1 nodes Node C * no | proxy=v1.NodeProxyOptions:create,delete,get,patch,update status:rw | spec.unschedulable
v1 persistentvolumeclaims PersistentVolumeClaim N * pvc | status:rw
v1 persistentvolumes PersistentVolume C * pv | status:rw
v1 pods Pod N * po/all | attach=v1.PodAttachOptions:create,get binding=v1.Binding:create ephemeralcontainers:rw eviction=policy/v1.Eviction:create exec=v1.PodExecOptions:create,get log:get portforward=v1.PodPortForwardOptions:create,get proxy=v1.PodProxyOptions:create,delete,get,patch,update resize:rw status:rw | spec.nodeName spec.host spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase status.podIP status.podIPs status.nominatedNodeName
v1 podtemplates PodTemplate N * -
v1 replicationcontrollers ReplicationController N * rc/all | scale=autoscaling/v1.Scale:rw status:rw | status.replicas
v1 resourcequotas ResourceQuota N * quota | status:rw
v1 secrets Secret N * - | | type
v1 serviceaccounts ServiceAccount N * sa | token=authentication.k8s.io/v1.TokenRequest:create
v1 services Service N * svc/all | proxy=v1.ServiceProxyOptions:create,delete,get,patch,update status:rw | spec.clusterIP spec.type
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration C * /api-extensions
admissionregistration.k8s.io/v1 validatingadmissionpolicies ValidatingAdmissionPolicy C * /api-extensions | status:rw
admissionregistration.k8s.io/v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding C * /api-extensions
admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration C * /api-extensions
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition C * crd,crds/api-extensions | status:rw
apiregistration.k8s.io/v1 apiservices APIService C * /api-extensions | status:rw
apps/v1 controllerrevisions ControllerRevision N * -
apps/v1 daemonsets DaemonSet N * ds/all | status:rw
apps/v1 deployments Deployment N * deploy/all | scale=autoscaling/v1.Scale:rw status:rw
apps/v1 replicasets ReplicaSet N * rs/all | scale=autoscaling/v1.Scale:rw status:rw | status.replicas
apps/v1 statefulsets StatefulSet N * sts/all | scale=autoscaling/v1.Scale:rw status:rw
authentication.k8s.io/v1 selfsubjectreviews SelfSubjectReview C create -
authentication.k8s.io/v1 tokenreviews TokenReview C create -
authorization.k8s.io/v1 localsubjectaccessreviews LocalSubjectAccessReview N create -
authorization.k8s.io/v1 selfsubjectaccessreviews SelfSubjectAccessReview C create -
authorization.k8s.io/v1 selfsubjectrulesreviews SelfSubjectRulesReview C create -
authorization.k8s.io/v1 subjectaccessreviews SubjectAccessReview C create -
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler N * hpa/all | status:rw
autoscaling/v1 horizontalpodautoscalers HorizontalPodAutoscaler N * hpa/all | status:rw
batch/v1 cronjobs CronJob N * cj/all | status:rw
batch/v1 jobs Job N * /all | status:rw | status.successful
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest C * csr | approval:rw status:rw | spec.signerName
coordination.k8s.io/v1 leases Lease N * -
discovery.k8s.io/v1 endpointslices EndpointSlice N * -
events.k8s.io/v1 events Event N * ev | | regarding.kind regarding.namespace regarding.name regarding.uid regarding.apiVersion regarding.resourceVersion regarding.fieldPath reason reportingController type
metrics.k8s.io/v1beta1 nodes NodeMetrics() C get,list -
metrics.k8s.io/v1beta1 pods PodMetrics() N get,list -
flowcontrol.apiserver.k8s.io/v1 flowschemas FlowSchema C * - | status:rw
flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations PriorityLevelConfiguration C * - | status:rw
networking.k8s.io/v1 ingressclasses IngressClass C * -
networking.k8s.io/v1 ingresses Ingress N * ing | status:rw
networking.k8s.io/v1 ipaddresses IPAddress C * ip
networking.k8s.io/v1 networkpolicies NetworkPolicy N * netpol
networking.k8s.io/v1 servicecidrs ServiceCIDR C * - | status:rw
node.k8s.io/v1 runtimeclasses RuntimeClass C * -
policy/v1 poddisruptionbudgets PodDisruptionBudget N * pdb | status:rw
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding C * -
rbac.authorization.k8s.io/v1 clusterroles ClusterRole C * -
rbac.authorization.k8s.io/v1 rolebindings RoleBinding N * -
rbac.authorization.k8s.io/v1 roles Role N * -
scheduling.k8s.io/v1 priorityclasses PriorityClass C * pc
storage.k8s.io/v1 csidrivers CSIDriver C * -
storage.k8s.io/v1 csinodes CSINode C * -
storage.k8s.io/v1 csistoragecapacities CSIStorageCapacity N * -
storage.k8s.io/v1 storageclasses StorageClass C * sc
storage.k8s.io/v1 volumeattachments VolumeAttachment C * - | status:rw
`.trim().split('\n');

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const readVerbs = (text: string): string[] => (text === '*' ? verbs : text === '*-deletecollection' ? verbs.filter((verb) => verb !== 'deletecollection') : text === 'rw' ? ['get', 'patch', 'update'] : text.split(','));
const words = (text: string | undefined): string[] => (text ?? '').split(/[ ,]/).filter((word) => word !== '' && word !== '-');

interface Listed { name: string; singularName: string; namespaced: boolean; kind: string; group?: string; version?: string; verbs: string[]; shortNames?: string[]; categories?: string[]; storageVersionHash?: string }
const discovery = new Discovery(allResources);
const served = (groupVersion: string): Listed[] => {
  const [group = '', version = ''] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return (discovery.resources(group, version) as { resources: Listed[] } | undefined)?.resources ?? [];
};

describe('kinds', () => {
  it.each(facts.map((line) => ({ name: line.split(' ').slice(0, 2).join(' '), line })))('$name', ({ line }) => {
    const [head = '', subresources, fields] = line.split('|').map((part) => part.trim());
    const [groupVersion = '', plural = '', kindAndSingular = '', scope = '', allowed = '', names = ''] = head.split(' ');
    const [, kind = '', singular = kindAndSingular.toLowerCase()] = /^(\w+)(?:\((\w*)\))?$/.exec(kindAndSingular)!;
    const [shortNames, categories] = names.split('/');
    const found = served(groupVersion).find((resource) => resource.name === plural);
    expect(found).toMatchObject({ kind, singularName: singular, namespaced: scope === 'N', verbs: readVerbs(allowed) });
    expect([found!.shortNames ?? [], found!.categories ?? []]).toEqual([words(shortNames), words(categories)]);
    const wanted = (subresources ?? '').split(' ').filter(Boolean).map((text) => {
      const { name = '', of = `${groupVersion}.${kind}`, given = '' } = /^(?<name>\w+)(?:=(?<of>[^:]+))?:(?<given>\S+)$/.exec(text)!.groups!;
      return [`${plural}/${name}`, of, readVerbs(given)];
    });
    const own = served(groupVersion).filter((resource) => resource.name.startsWith(`${plural}/`));
    expect(own.map((sub) => [sub.name, `${sub.version ? (sub.group ? `${sub.group}/${sub.version}` : sub.version) : groupVersion}.${sub.kind}`, sub.verbs])).toEqual(wanted);
    const definition = allResources.find((resource) => resource.apiVersion === groupVersion && resource.plural === plural)!;
    expect(Object.keys(definition.selectable).sort()).toEqual(words(fields).sort());
  });
  // upstream: pkg/controlplane/storageversionhashdata/data.go, api/discovery
  it.each([
    ['v1', 'configmaps', 'qFsyl6wFWjQ='], ['v1', 'events', 'r2yiGXH7wu8='], ['events.k8s.io/v1', 'events', 'r2yiGXH7wu8='], ['autoscaling/v1', 'horizontalpodautoscalers', 'qwQve8ut294='],
    ['autoscaling/v2', 'horizontalpodautoscalers', 'qwQve8ut294='], ['apps/v1', 'deployments', '8aSe+NMegvE='], ['apiextensions.k8s.io/v1', 'customresourcedefinitions', 'jfWCUB31mvA='],
    ['v1', 'bindings', undefined], ['authorization.k8s.io/v1', 'subjectaccessreviews', undefined], ['v1', 'componentstatuses', undefined],
  ])('%s %s are stored under the hash %s', (groupVersion, plural, hash) => {
    expect(served(groupVersion).find((resource) => resource.name === plural)!.storageVersionHash).toBe(hash);
  });
  it('name group and version of a subresource only where they differ', () => {
    const groupVersions = new Set(allResources.map((resource) => resource.apiVersion));
    expect([...groupVersions].flatMap((groupVersion) => served(groupVersion)).filter(({ version }) => version).map(({ name, group, version }) => `${name} ${group}/${version}`).sort()).toEqual([
      'deployments/scale autoscaling/v1', 'pods/eviction policy/v1', 'replicasets/scale autoscaling/v1', 'replicationcontrollers/scale autoscaling/v1', 'serviceaccounts/token authentication.k8s.io/v1', 'statefulsets/scale autoscaling/v1',
    ]);
  });
  it('are all of them', () => {
    const known = new Set(facts.map((line) => line.split(' ').slice(0, 2).join(' ')));
    expect(allResources.map((resource) => `${resource.apiVersion} ${resource.plural}`).filter((name) => !known.has(name))).toEqual([]);
  });
});
