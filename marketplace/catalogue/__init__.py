"""The platform's own catalogue: features and plans as YAML files, published as versions."""

from marketplace.catalogue.publishing import FOLDER, Published, platform_creator, publish

__all__ = ["FOLDER", "Published", "platform_creator", "publish"]
