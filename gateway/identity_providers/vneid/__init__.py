"""vneid"""
