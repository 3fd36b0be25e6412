"""Episode bags and what is made from them."""

from sawyer_datasets.bag_check import BagReport, BagStatus, TopicReport, verify_bag
from sawyer_datasets.bag_recovery import recover_bag
from sawyer_datasets.bag_settings import BagSettings, TopicSpec
from sawyer_datasets.bag_writer import EpisodeBagWriter
from sawyer_datasets.episode import Episode, TopicData, read_episode
from sawyer_datasets.qos import TopicQos

__all__ = [
    "BagReport",
    "BagSettings",
    "BagStatus",
    "Episode",
    "EpisodeBagWriter",
    "TopicData",
    "TopicQos",
    "TopicReport",
    "TopicSpec",
    "read_episode",
    "recover_bag",
    "verify_bag",
]
