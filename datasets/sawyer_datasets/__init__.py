"""Episode bags and what is made from them."""

from sawyer_datasets.bag_writer import BagSettings, EpisodeBagWriter, TopicSpec
from sawyer_datasets.qos import TopicQos

__all__ = ["BagSettings", "EpisodeBagWriter", "TopicQos", "TopicSpec"]
