"""openid_provider"""
