"""The Patherea-P2P network: anchors, backbone, feature pyramid and heads."""
