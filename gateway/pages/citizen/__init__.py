"""citizen"""
