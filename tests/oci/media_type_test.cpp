#include "slipway/oci/media_type.h"

#include <gtest/gtest.h>

#include <string>

namespace slipway::oci {
namespace {

TEST(MediaType, KindsOfDocuments) {
  for (const auto type : {kManifestType, kDockerManifestType}) {
    EXPECT_TRUE(is_manifest(type));
    EXPECT_FALSE(is_index(type));
    EXPECT_TRUE(is_graph_node(type));
  }
  for (const auto type : {kIndexType, kDockerIndexType}) {
    EXPECT_TRUE(is_index(type));
    EXPECT_FALSE(is_manifest(type));
    EXPECT_TRUE(is_graph_node(type));
  }
  for (const auto type : {kConfigType, kEmptyType, kLayerType, kLayerGzipType, kLayerZstdType, kDockerConfigType}) {
    EXPECT_FALSE(is_graph_node(type)) << type;
  }
  EXPECT_TRUE(is_image_config(kConfigType));
  EXPECT_TRUE(is_image_config(kDockerConfigType));
  EXPECT_FALSE(is_image_config(kEmptyType));
  EXPECT_FALSE(is_image_config(""));
}

TEST(MediaType, EveryConstantFitsTheGrammar) {
  for (const auto type :
       {kManifestType, kIndexType, kConfigType, kEmptyType, kLayerType, kLayerGzipType, kLayerZstdType,
        kDockerManifestType, kDockerIndexType, kDockerConfigType, kDockerLayerGzipType, kDockerLayerType}) {
    EXPECT_TRUE(is_valid_media_type(type)) << type;
  }
}

TEST(MediaType, Grammar) {
  const std::string longest(127, 'x');
  for (const std::string& type : {std::string("a/b"), std::string("text/plain"), std::string("a0/b!#$&^_.+-"),
                                  std::string("Application/JSON"), longest + "/" + longest}) {
    EXPECT_TRUE(is_valid_media_type(type)) << type;
  }
  for (const std::string& type :
       {std::string(), std::string("a"), std::string("/"), std::string("a/"), std::string("/b"), std::string("a/b/c"),
        std::string("a/.b"), std::string("+a/b"), std::string("a/b; charset=utf-8"), std::string("a /b"),
        std::string("a/b\n"), std::string("a/\xC3\xA4"), std::string("a/b*"), longest + "x/b", "a/" + longest + "x",
        std::string("a/b\0", 4)}) {
    EXPECT_FALSE(is_valid_media_type(type)) << type;
  }
}

}  // namespace
}  // namespace slipway::oci
