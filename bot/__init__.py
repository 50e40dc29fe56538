"""Everything that is WeChat: callbacks, replies, the gateway. The only importer of wechatpy."""
