"""Leaves out the settings of vector stores and storages that are not chosen, and with them their secrets."""

from __future__ import annotations

from homeport.entry.deploy.read_env import DeployedEnv

#: What the variables of a vector store begin with, by its name in VECTOR_STORE.
_VECTORS = {
    "alibabacloud_mysql": "ALIBABACLOUD_MYSQL_",
    "analyticdb": "ANALYTICDB_",
    "baidu": "BAIDU_VECTOR_DB_",
    "chroma": "CHROMA_",
    "clickzetta": "CLICKZETTA_",
    "couchbase": "COUCHBASE_",
    "elasticsearch": "ELASTICSEARCH_",
    "elasticsearch-ja": "ELASTICSEARCH_",
    "huawei_cloud": "HUAWEI_CLOUD_",
    "iris": "IRIS_",
    "lindorm": "LINDORM_",
    "matrixone": "MATRIXONE_",
    "milvus": "MILVUS_",
    "myscale": "MYSCALE_",
    "oceanbase": "OCEANBASE_VECTOR_",
    "opengauss": "OPENGAUSS_",
    "opensearch": "OPENSEARCH_",
    "oracle": "ORACLE_",
    "pgvecto-rs": "PGVECTO_RS_",
    "pgvector": "PGVECTOR_",
    "qdrant": "QDRANT_",
    "relyt": "RELYT_",
    "tablestore": "TABLESTORE_",
    "tencent": "TENCENT_VECTOR_DB_",
    "tidb_on_qdrant": "TIDB_ON_QDRANT_",
    "tidb_vector": "TIDB_VECTOR_",
    "upstash": "UPSTASH_VECTOR_",
    "vastbase": "VASTBASE_",
    "vikingdb": "VIKINGDB_",
    "weaviate": "WEAVIATE_",
}
#: The same for a storage, by its name in STORAGE_TYPE.
_STORAGES = {
    "aliyun-oss": "ALIYUN_OSS_",
    "azure-blob": "AZURE_BLOB_",
    "baidu-obs": "BAIDU_OBS_",
    "clickzetta-volume": "CLICKZETTA_VOLUME_",
    "google-storage": "GOOGLE_STORAGE_",
    "huawei-obs": "HUAWEI_OBS_",
    "oci-storage": "OCI_",
    "opendal": "OPENDAL_",
    "s3": "S3_",
    "supabase": "SUPABASE_",
    "tencent-cos": "TENCENT_COS_",
    "volcengine-tos": "VOLCENGINE_TOS_",
}
#: Variables of one store that another's container reads.
_SHARED = {"pgvecto-rs": "PGVECTOR_"}


def leave_out_unused(env: DeployedEnv, vectors: str) -> DeployedEnv:
    """`env` without the settings of stores that are not chosen; `vectors`: the store when VECTOR_STORE is not set.

    A store that is not known here keeps every setting of every vector store.
    """
    store, storage = env.get("VECTOR_STORE", vectors), env.get("STORAGE_TYPE", "opendal")
    chosen = {
        table[name] for table, name in ((_VECTORS, store), (_STORAGES, storage), (_SHARED, store)) if name in table
    }
    if store not in _VECTORS and store not in ("sqlite", "memory"):
        chosen |= set(_VECTORS.values())
    everything = {*_VECTORS.values(), *_STORAGES.values()}

    def is_used(name: str) -> bool:
        begun = [prefix for prefix in everything if name.startswith(prefix)]
        return not begun or max(begun, key=len) in chosen

    return DeployedEnv({name: text for name, text in env.values.items() if is_used(name)})
