"""Episode bags and what is made from them."""

from sawyer_datasets.bag_settings import BagSettings, TopicSpec
from sawyer_datasets.bag_writer import EpisodeBagWriter
from sawyer_datasets.qos import TopicQos

__all__ = ["BagSettings", "EpisodeBagWriter", "TopicQos", "TopicSpec"]
